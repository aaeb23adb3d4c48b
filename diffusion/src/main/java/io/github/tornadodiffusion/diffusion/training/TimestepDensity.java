package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import io.github.tornadodiffusion.nn.random.SplitMix64;

/** How often each timestep is trained on. */
@FunctionalInterface
public interface TimestepDensity {
  /**
   * Tells the numbers that timesteps are drawn from, {@code new SplitMix64(seed, STREAM, step,
   * image)}, from others with the same seed.
   */
  long STREAM = 3;

  /** Every timestep as often as any other (Ho et al. 2020, algorithm 1). */
  TimestepDensity UNIFORM =
      (random, first, schedule) -> first + random.nextInt(schedule.timesteps() - first);

  /**
   * Draws the timestep of an image.
   *
   * @param random numbers of this image alone, the same in every repetition
   * @param first the lowest timestep that the model takes: 0, or 1 for one that reads logarithms
   * @return first .. T-1
   */
  int draw(SplitMix64 random, int first, NoiseSchedule schedule);

  /**
   * The density of a class on the class path or in a plug-in, see {@link Plugins}.
   *
   * @throws IllegalArgumentException in one line if there is none
   */
  static TimestepDensity of(String className) {
    return Plugins.create(TimestepDensity.class, className)
        .orElseThrow(() -> Plugins.unknown(TimestepDensity.class, className));
  }
}
