package io.github.tornadodiffusion.nn.random;

/**
 * SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014): a
 * fixed algorithm, so that random choices are the same with every JDK.
 */
public final class SplitMix64 {
  /** The increment of the state from number to number. */
  public static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  /** A sequence of its own for every path of numbers, such as (seed, stream, index). */
  public SplitMix64(long... path) {
    for (long number : path) {
      state = mix(state + number + GOLDEN_GAMMA);
    }
  }

  /** All 64 bits. */
  public long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /** Uniform in 0 .. bound - 1, without bias (Lemire, 2019). */
  public int nextInt(int bound) {
    long product = (nextLong() >>> 32) * bound;
    long threshold = (1L << 32) % bound;
    while ((product & 0xFFFFFFFFL) < threshold) {
      product = (nextLong() >>> 32) * bound;
    }
    return (int) (product >>> 32);
  }

  /** Uniform in [0, 1). */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /** Uniform in [low, high). */
  public double between(double low, double high) {
    return low + (high - low) * nextDouble();
  }

  /** True with this probability. */
  public boolean chance(double probability) {
    return nextDouble() < probability;
  }

  /** The number of a state: Stafford's 13th variant of the 64-bit finaliser. */
  public static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
