package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.nn.random.SplitMix64;

/**
 * The timesteps 0 .. T-1 in consecutive strata, from each of which one timestep is drawn: the sum
 * over the strata of size * value is an unbiased estimate of the sum over all timesteps. Timestep 0
 * is a stratum of its own, and the strata grow towards T-1, since a bound's terms change fastest
 * near 0.
 */
public final class TimestepStrata {
  private static final long STREAM = 0x535452;

  private final int[] starts;

  /**
   * Divides the timesteps into strata.
   *
   * @param timesteps T
   * @param count 1 .. T; T for every timestep by itself
   * @throws IllegalArgumentException if the count is beyond that
   */
  public TimestepStrata(int timesteps, int count) {
    if (count < 1 || count > timesteps) {
      throw new IllegalArgumentException(
          "%d timesteps of %d cannot be evaluated: choose 1 to %d"
              .formatted(count, timesteps, timesteps));
    }
    starts = new int[count + 1];
    starts[count] = timesteps;
    for (int k = 1; k < count; k++) {
      double share = (k - 1.0) / (count - 1);
      starts[k] = Math.max(k, (int) Math.rint(1 + (timesteps - 1) * share * share));
    }
  }

  /** How many strata there are. */
  public int count() {
    return starts.length - 1;
  }

  /** The first timestep of a stratum. */
  public int first(int stratum) {
    return starts[stratum];
  }

  /** The number of timesteps in a stratum, which is the weight of the one that is drawn. */
  public int size(int stratum) {
    return starts[stratum + 1] - starts[stratum];
  }

  /** The timestep of an image in a stratum; uniform, and a function of these numbers alone. */
  public int draw(long seed, int image, int stratum) {
    return first(stratum) + new SplitMix64(seed, STREAM, image, stratum).nextInt(size(stratum));
  }

  /** The middle timestep of every stratum. */
  public int[] middles() {
    int[] middles = new int[count()];
    for (int k = 0; k < middles.length; k++) {
      middles[k] = first(k) + size(k) / 2;
    }
    return middles;
  }
}
