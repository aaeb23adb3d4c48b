package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;

/**
 * The training timesteps that a sampler visits, and where each step ends.
 *
 * @param timesteps highest first
 * @param stride the distance of a step; 0 if it ends at the next of the timesteps
 */
@SuppressWarnings("ArrayRecordComponent") // local to a scheduler, never compared
public record DiscreteTimesteps(int[] timesteps, int stride) {
  /**
   * Spaces them as a configuration says. Like diffusers, steps go back by T / n even where the
   * distance of linspace or trailing timesteps differs.
   *
   * @throws IllegalArgumentException if that number is not possible
   */
  public static DiscreteTimesteps spaced(SchedulerConfig config, int steps) {
    return new DiscreteTimesteps(config.timesteps(steps), config.numTrainTimesteps() / steps);
  }

  /** Visits the given ones. */
  public static DiscreteTimesteps given(int... timesteps) {
    return new DiscreteTimesteps(timesteps.clone(), 0);
  }

  /** The number of timesteps. */
  public int count() {
    return timesteps.length;
  }

  /** The timestep of a step, counted from 0. */
  public int at(int step) {
    return timesteps[step];
  }

  /** The timestep where a step ends; below 0 for the end. */
  public int previous(int step) {
    if (stride > 0) {
      return timesteps[step] - stride;
    }
    return step == timesteps.length - 1 ? -1 : timesteps[step + 1];
  }
}
