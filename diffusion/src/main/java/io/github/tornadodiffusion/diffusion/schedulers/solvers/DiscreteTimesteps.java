package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;

/**
 * The training timesteps that a sampler visits, and where each step leads.
 *
 * @param timesteps highest first
 * @param stride the distance that a step goes; 0 where it goes to the next of the timesteps
 */
@SuppressWarnings("ArrayRecordComponent") // local to a scheduler, never compared
public record DiscreteTimesteps(int[] timesteps, int stride) {
  /**
   * Spaces them as a configuration says. diffusers steps back by T / n also where linspace or
   * trailing timesteps lie otherwise.
   *
   * @throws IllegalArgumentException if that many are not possible
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

  /** Where a step leads; below 0 for the end. */
  public int previous(int step) {
    if (stride > 0) {
      return timesteps[step] - stride;
    }
    return step == timesteps.length - 1 ? -1 : timesteps[step + 1];
  }
}
