package io.github.tornadodiffusion.kernels.ops.noise;

/**
 * Philox4x32-10, the counter-based random number generator of Salmon et al. (2011), "Parallel
 * Random Numbers: As Easy as 1, 2, 3", and normal values from it ({@link BoxMuller}). The key is
 * the seed; the counter is (index / 4, low word; index / 4, high word; step; stream), and each
 * block of four words gives the four values of its indices.
 *
 * <p>The values are those of {@link Noise#gaussian} on every device, to the last bit.
 */
public final class Philox {
  /** Rounds of scrambling. */
  public static final int ROUNDS = 10;

  /** What the first word of a pair is multiplied by. */
  public static final int MULTIPLIER_0 = 0xD2511F53;

  /** What the third word is multiplied by. */
  public static final int MULTIPLIER_1 = 0xCD9E8D57;

  /** What is added to the first word of the key after every round: the golden ratio. */
  public static final int WEYL_0 = 0x9E3779B9;

  /** What is added to the second word of the key: the square root of 3 - 1. */
  public static final int WEYL_1 = 0xBB67AE85;

  private Philox() {}

  /**
   * Fills out with standard normal values, where out[i] is the value of index firstIndex + i and
   * depends on the seed, the stream, the step and that index alone.
   *
   * @param firstIndex not negative
   */
  public static void gaussian(long seed, int stream, int step, long firstIndex, float[] out) {
    int[] words = new int[4];
    float[] normals = new float[4];
    long block = -1;
    for (int i = 0; i < out.length; i++) {
      long index = firstIndex + i;
      if (index >> 2 != block) {
        block = index >> 2;
        words[0] = (int) block;
        words[1] = (int) (block >> 32);
        words[2] = step;
        words[3] = stream;
        scramble(words, (int) seed, (int) (seed >> 32));
        for (int j = 0; j < 4; j += 2) {
          long radius = BoxMuller.radius(words[j]);
          normals[j] = BoxMuller.cosine(radius, words[j + 1]);
          normals[j + 1] = BoxMuller.sine(radius, words[j + 1]);
        }
      }
      out[i] = normals[(int) (index & 3)];
    }
  }

  /** Replaces the counter's four words by four random words. */
  public static void scramble(int[] counter, int key0, int key1) {
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < ROUNDS; round++) {
      int high0 = multiplyHigh(MULTIPLIER_0, counter[0]);
      int high1 = multiplyHigh(MULTIPLIER_1, counter[2]);
      int low0 = MULTIPLIER_0 * counter[0];
      int low1 = MULTIPLIER_1 * counter[2];
      counter[0] = high1 ^ counter[1] ^ k0;
      counter[1] = low1;
      counter[2] = high0 ^ counter[3] ^ k1;
      counter[3] = low0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
  }

  /** The upper half of the 64-bit product of two unsigned numbers; kernels use it too. */
  public static int multiplyHigh(int a, int b) {
    return (int) (((a & 0xFFFFFFFFL) * (b & 0xFFFFFFFFL)) >> 32);
  }

  /** 32 bits from two floats that hold 16 each, as in {@link Noise#seedBlock}; for kernels. */
  public static int word(float lower, float upper) {
    return (int) lower | ((int) upper << 16);
  }
}
