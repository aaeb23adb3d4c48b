package io.github.tornadodiffusion.nn.training;

import java.util.Arrays;

/**
 * PyTorch's random number generator for the CPU ({@code torch.Generator}), so that the numbers that
 * diffusers drew can be reproduced: a Mersenne Twister (Matsumoto and Nishimura 1998, MT19937) and
 * the ways in which PyTorch 1.13 turns its words into numbers. Integers and uniform numbers are
 * equal to the last bit; normal ones to the rounding of the logarithm, sine and cosine.
 *
 * <p>Unlike all other random numbers here, these depend on a state, and thus on everything that was
 * drawn before. Not safe for use by several threads.
 */
public final class TorchGenerator {
  private static final int LENGTH = 624;
  private static final int SHIFT = 397;
  private static final int MATRIX = 0x9908b0df;
  private static final int UPPER = 0x80000000;

  /** Shorter requests are filled one by one in double precision, others in groups of 16. */
  private static final int GROUP = 16;

  private static final float TWO_PI = (float) (2 * Math.PI);

  private final int[] state = new int[LENGTH];
  private int next;

  /** The second of a pair of normal numbers, until it is asked for; NaN for none. */
  private double spare;

  /** A generator after {@code manual_seed(seed)}. */
  public TorchGenerator(long seed) {
    manualSeed(seed);
  }

  /** Starts again. Only 32 bits of the seed are used, as in PyTorch. */
  public void manualSeed(long seed) {
    state[0] = (int) seed;
    for (int i = 1; i < LENGTH; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
    next = LENGTH;
    spare = Double.NaN;
  }

  /** {@code torch.rand(count)}: uniform in [0, 1), 24 bits each. */
  public float[] rand(int count) {
    float[] values = new float[count];
    uniform(values, 0, count);
    return values;
  }

  private void uniform(float[] out, int from, int to) {
    for (int i = from; i < to; i++) {
      out[i] = (word() & 0xffffff) * 0x1p-24f;
    }
  }

  /** {@code Tensor.uniform_(low, high)} for {@code count} elements. */
  public float[] uniform(int count, double low, double high) {
    float[] values = rand(count);
    float from = (float) low;
    float range = (float) high - from;
    for (int i = 0; i < count; i++) {
      values[i] = (float) ((double) values[i] * range + from);
    }
    return values;
  }

  /** {@code torch.randn} of a tensor with that many elements: standard normal. */
  public float[] randn(int count) {
    float[] values = new float[count];
    randn(values);
    return values;
  }

  /** {@link #randn(int)} into an array. */
  public void randn(float[] out) {
    int count = out.length;
    if (count < GROUP) {
      for (int i = 0; i < count; i++) {
        out[i] = (float) normal();
      }
      return;
    }
    uniform(out, 0, count);
    for (int i = 0; i + GROUP <= count; i += GROUP) {
      normalGroup(out, i);
    }
    if (count % GROUP != 0) {
      uniform(out, count - GROUP, count);
      normalGroup(out, count - GROUP);
    }
  }

  /** Skips what {@link #randn(int)} would draw, much faster. */
  public void skipRandn(int count) {
    if (count < GROUP) {
      randn(count);
      return;
    }
    int words = count % GROUP == 0 ? count : count + GROUP;
    while (words > 0) {
      if (next == LENGTH) {
        twist();
      }
      int skipped = Math.min(words, LENGTH - next);
      next += skipped;
      words -= skipped;
    }
  }

  /**
   * Box and Muller's method on 16 uniform numbers: radii from the first 8, angles from the rest.
   */
  private static void normalGroup(float[] values, int from) {
    for (int i = from; i < from + GROUP / 2; i++) {
      float log = (float) StrictMath.log(1 - values[i]);
      float radius = (float) Math.sqrt(-2 * log);
      float angle = TWO_PI * values[i + GROUP / 2];
      values[i] = radius * (float) StrictMath.cos(angle);
      values[i + GROUP / 2] = radius * (float) StrictMath.sin(angle);
    }
  }

  private double normal() {
    if (!Double.isNaN(spare)) {
      double value = spare;
      spare = Double.NaN;
      return value;
    }
    double first = uniformDouble();
    double radius = Math.sqrt(-2 * StrictMath.log1p(-uniformDouble()));
    double angle = 2 * Math.PI * first;
    spare = radius * StrictMath.sin(angle);
    return radius * StrictMath.cos(angle);
  }

  private double uniformDouble() {
    return (doubleWord() & ((1L << 53) - 1)) * 0x1p-53;
  }

  /**
   * {@code torch.randint(low, high, (count,))}.
   *
   * @param high above low
   */
  public long[] randint(long low, long high, int count) {
    long range = high - low;
    if (range <= 0) {
      throw new IllegalArgumentException(
          "randint from %d to %d: the end must be above the start".formatted(low, high));
    }
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      long unsigned =
          range >= 1L << 32
              ? Long.remainderUnsigned(doubleWord(), range)
              : (word() & 0xffffffffL) % range;
      values[i] = low + unsigned;
    }
    return values;
  }

  /** {@code torch.randperm(n)}. */
  public int[] randperm(int n) {
    int[] order = new int[n];
    Arrays.setAll(order, i -> i);
    for (int i = 0; i < n - 1; i++) {
      int j = i + (int) ((word() & 0xffffffffL) % (n - i));
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  /** A seed as {@code torch.empty((), dtype=torch.int64).random_()} draws it: 63 bits. */
  public long randomSeed() {
    return doubleWord() & Long.MAX_VALUE;
  }

  /**
   * The order in which {@code DataLoader(range(n), shuffle=True)} visits its data in one epoch: the
   * loader draws a seed for its workers, then its sampler one for a generator of its own.
   */
  public int[] dataLoaderOrder(int n) {
    randomSeed();
    return new TorchGenerator(randomSeed()).randperm(n);
  }

  private long doubleWord() {
    long high = word();
    return high << 32 | (word() & 0xffffffffL);
  }

  private int word() {
    if (next == LENGTH) {
      twist();
    }
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  private void twist() {
    for (int i = 0; i < LENGTH; i++) {
      int y = (state[i] & UPPER) | (state[(i + 1) % LENGTH] & ~UPPER);
      state[i] = state[(i + SHIFT) % LENGTH] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : MATRIX);
    }
    next = 0;
  }
}
