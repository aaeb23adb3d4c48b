package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import java.util.Map;

/**
 * The reverse process: a table of the calls of the model that lead from noise to a sample, and of
 * what to do after each. A scheduler has no state; {@code Sampling} runs a table.
 */
public interface Scheduler {
  /**
   * The output of a model without any error: {@code noise * (the noise of the sample) + original *
   * x_0}.
   */
  record Target(double noise, double original) {}

  /**
   * The name of the class in files: diffusers' name, for instance {@code DDPMScheduler}, or the
   * full name of a class that is not of this package.
   */
  default String className() {
    Class<?> own = getClass();
    boolean known = own.getPackage() == Scheduler.class.getPackage();
    return known ? own.getSimpleName() : own.getName();
  }

  /** The configuration that classes have in common. */
  SchedulerConfig config();

  /** The keys of scheduler_config.json that diffusers writes for this class, with their values. */
  Map<String, Object> fields();

  /**
   * The forward process.
   *
   * @throws IllegalStateException if it has no betas
   */
  default NoiseSchedule noiseSchedule() {
    return config().noiseSchedule();
  }

  /** What the model should output in a call. */
  default Target target(ModelCall call) {
    PredictionType type = config().predictionType();
    return new Target(
        type.targetNoise(call.inputScale() * call.signal()),
        type.targetSample(call.inputScale() * call.sigma()));
  }

  /**
   * Whether the model also predicts a variance, with as many additional channels as the sample has.
   */
  default boolean needsVariance() {
    return false;
  }

  /**
   * The calls of a sampler with a number of steps.
   *
   * @param steps diffusers' num_inference_steps
   * @throws IllegalArgumentException if that number is not possible
   */
  Plan plan(int steps, StepOptions options);

  /**
   * The calls of a sampler that visits the given timesteps.
   *
   * @param timesteps in 0..T-1, each below the previous one
   * @throws IllegalArgumentException if this scheduler chooses its timesteps itself
   */
  default Plan plan(int[] timesteps, StepOptions options) {
    throw new IllegalArgumentException(
        className() + " takes a number of steps, not timesteps; use DDPMScheduler for these");
  }
}
