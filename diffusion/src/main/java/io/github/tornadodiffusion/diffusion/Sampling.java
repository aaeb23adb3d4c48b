package io.github.tornadodiffusion.diffusion;

import java.util.Arrays;

/** A scheduler with the timesteps that a sampler visits; immutable. */
public final class Sampling {
  private final Scheduler scheduler;
  private final int[] timesteps;
  private final StepOptions options;

  /** The distance that a step goes; 0 where it goes to the next of the given timesteps. */
  private final int stride;

  private Sampling(Scheduler scheduler, int[] timesteps, int stride, StepOptions options) {
    this.scheduler = scheduler;
    this.timesteps = timesteps;
    this.stride = stride;
    this.options = options;
  }

  /**
   * Spaces the timesteps as the scheduler's configuration says.
   *
   * @param numInferenceSteps 1..T
   * @throws IllegalArgumentException if that many are not possible
   */
  public static Sampling of(Scheduler scheduler, int numInferenceSteps, StepOptions options) {
    SchedulerConfig config = scheduler.config();
    int[] timesteps = config.timesteps(numInferenceSteps);
    // diffusers steps back by this distance also where linspace or trailing timesteps lie
    // otherwise.
    return new Sampling(
        scheduler, timesteps, config.numTrainTimesteps() / numInferenceSteps, options);
  }

  /** {@link #of(Scheduler, int, StepOptions)} with diffusers' default options. */
  public static Sampling of(Scheduler scheduler, int numInferenceSteps) {
    return of(scheduler, numInferenceSteps, StepOptions.DEFAULTS);
  }

  /**
   * Visits the given timesteps.
   *
   * @param timesteps in 0..T-1, every one below the one before
   * @throws IllegalArgumentException if they are not
   */
  public static Sampling custom(Scheduler scheduler, int[] timesteps, StepOptions options) {
    int bound = scheduler.config().numTrainTimesteps();
    if (timesteps.length == 0) {
      throw new IllegalArgumentException("There are no timesteps: give at least one");
    }
    for (int timestep : timesteps) {
      if (timestep < 0 || timestep >= bound) {
        throw new IllegalArgumentException(
            "Timesteps %s must be 0 to %d and fall"
                .formatted(Arrays.toString(timesteps), bound - 1));
      }
      bound = timestep;
    }
    return new Sampling(scheduler, timesteps.clone(), 0, options);
  }

  /** The scheduler that does the steps. */
  public Scheduler scheduler() {
    return scheduler;
  }

  /** The timesteps, highest first. */
  public int[] timesteps() {
    return timesteps.clone();
  }

  /** The timestep of the given step, 0 first. */
  public int timestep(int step) {
    return timesteps[step];
  }

  /** The number of steps. */
  public int steps() {
    return timesteps.length;
  }

  /** Where the given step, 0 first, leads; below 0 for the end. */
  int previousTimestep(int step) {
    if (stride > 0) {
      return timesteps[step] - stride;
    }
    return step == timesteps.length - 1 ? -1 : timesteps[step + 1];
  }

  /** Whether the given step, 0 first, adds noise. */
  public boolean addsNoise(int step) {
    return scheduler.addsNoise(timesteps[step], options);
  }

  /**
   * Does one step; a pure function.
   *
   * @param step 0 first; the timestep is {@code timesteps()[step]}
   * @param modelOutput what the model says of the sample at that timestep
   * @param sample images one after another
   * @param noise standard normal, as many values as the sample; null where {@link #addsNoise} says
   *     no
   * @param images how many images the arrays hold
   */
  public Scheduler.Step step(
      int step, float[] modelOutput, float[] sample, float[] noise, int images) {
    return scheduler.step(
        modelOutput, timesteps[step], previousTimestep(step), sample, noise, images, options);
  }
}
