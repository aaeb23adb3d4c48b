package io.github.tornadodiffusion.diffusion;

import java.util.Map;

/**
 * The reverse process: how the model's output leads from x_t to the sample of the previous
 * timestep. A scheduler has no state; {@link Sampling} binds it to a number of steps.
 *
 * <p>Samples are images one after another; every image has the same number of values.
 */
public sealed interface Scheduler permits DDPMScheduler, DDIMScheduler {
  /**
   * What a step gives.
   *
   * @param prevSample the sample of the previous timestep
   * @param predOriginalSample the x_0 that the model's output means, after clipping
   */
  record Step(float[] prevSample, float[] predOriginalSample) {}

  /** diffusers' name of the class, for instance {@code DDPMScheduler}. */
  String className();

  /** What all schedulers share. */
  SchedulerConfig config();

  /** The keys of scheduler_config.json that this class has beside the shared ones. */
  Map<String, Object> ownKeys();

  /** The forward process. */
  NoiseSchedule noiseSchedule();

  /** Whether the model predicts a variance too, with as many channels again as the sample has. */
  default boolean needsVariance() {
    return false;
  }

  /** Whether the step from this timestep adds noise. */
  boolean addsNoise(int timestep, StepOptions options);

  /**
   * Goes from one timestep to another; a pure function.
   *
   * @param modelOutput what the model says of sample and timestep; twice as many channels as the
   *     sample where the model predicts its variance
   * @param timestep where the sample is, 0..T-1
   * @param previousTimestep where it goes, lower; below 0 for the end
   * @param sample x_t
   * @param noise standard normal, as many values as the sample; null where {@link #addsNoise} says
   *     no
   * @param images how many images the arrays hold
   * @throws IllegalArgumentException if the lengths do not go together
   */
  Step step(
      float[] modelOutput,
      int timestep,
      int previousTimestep,
      float[] sample,
      float[] noise,
      int images,
      StepOptions options);
}
