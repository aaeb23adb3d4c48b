package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import io.github.tornadodiffusion.nn.random.SplitMix64;

/** How often training visits which timestep. */
@FunctionalInterface
public interface TimestepDensity {
  /** Every timestep as often as any other (Ho et al. 2020, algorithm 1). */
  TimestepDensity UNIFORM = (random, schedule) -> random.nextInt(schedule.timesteps());

  /**
   * Draws the timestep of an image.
   *
   * @param random numbers of this image alone, the same in every repetition
   * @return 0 .. T-1
   */
  int draw(SplitMix64 random, NoiseSchedule schedule);

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
