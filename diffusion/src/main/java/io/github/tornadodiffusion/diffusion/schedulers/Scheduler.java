package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import java.util.Map;

/**
 * The reverse process: a table of the model's calls that lead from noise to a sample, and what to
 * do with each answer. A scheduler has no state; {@link Sampling} runs a table.
 */
public interface Scheduler {
  /**
   * What a model without any error answers: {@code noise * (the noise of the sample) + original *
   * x_0}.
   */
  record Target(double noise, double original) {}

  /**
   * The class as files name it: diffusers' name, for instance {@code DDPMScheduler}, or the full
   * name of a class that is not of this package.
   */
  default String className() {
    Class<?> own = getClass();
    boolean known = own.getPackage() == Scheduler.class.getPackage();
    return known ? own.getSimpleName() : own.getName();
  }

  /** What the classes share. */
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

  /** What the model has to answer in a call. */
  default Target target(ModelCall call) {
    PredictionType type = config().predictionType();
    return new Target(
        type.targetNoise(call.inputScale() * call.signal()),
        type.targetSample(call.inputScale() * call.sigma()));
  }

  /** Whether the model predicts a variance too, with as many channels again as the sample has. */
  default boolean needsVariance() {
    return false;
  }

  /**
   * The calls of a sampler with so many steps.
   *
   * @param steps diffusers' num_inference_steps
   * @throws IllegalArgumentException if that many are not possible
   */
  Plan plan(int steps, StepOptions options);

  /**
   * The calls of a sampler that visits the given timesteps.
   *
   * @param timesteps in 0..T-1, every one below the one before
   * @throws IllegalArgumentException if this scheduler chooses its timesteps itself
   */
  default Plan plan(int[] timesteps, StepOptions options) {
    throw new IllegalArgumentException(
        className() + " takes a number of steps, not timesteps; use DDPMScheduler for these");
  }
}
