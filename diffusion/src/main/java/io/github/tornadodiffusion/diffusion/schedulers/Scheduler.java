package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * The reverse process: a table of the model's calls that lead from noise to a sample, and what to
 * do with each answer. A scheduler has no state; {@link Sampling} runs a table.
 */
public interface Scheduler {
  /**
   * A sampler's table.
   *
   * @param initNoiseSigma the sample to begin with is this times standard normal noise
   * @param calls in order
   * @param rest the calls of a sampler that begins at one of them; those of a method with a memory
   *     differ from the rest of the calls, since it begins without any
   * @param endSignal the share of x_0 in the sample after the last call; 1 but for samplers that
   *     lead to noise
   * @param endSigma the share of noise in it
   */
  record Plan(
      double initNoiseSigma,
      List<ModelCall> calls,
      IntFunction<List<ModelCall>> rest,
      double endSignal,
      double endSigma) {
    public Plan {
      calls = List.copyOf(calls);
    }

    /** The table of a sampler that leads to a clean sample. */
    Plan(double initNoiseSigma, List<ModelCall> calls, IntFunction<List<ModelCall>> rest) {
      this(initNoiseSigma, calls, rest, 1, 0);
    }

    /** The table of a sampler of which every call stands for itself. */
    public Plan(double initNoiseSigma, List<ModelCall> calls) {
      this(initNoiseSigma, calls, first -> calls.subList(first, calls.size()));
    }

    /** The table of a sampler with a memory, which begins without any. */
    static Plan of(double initNoiseSigma, IntFunction<List<ModelCall>> rest) {
      return new Plan(initNoiseSigma, rest.apply(0), rest);
    }

    /** The same with another end. */
    Plan withEnd(double signal, double sigma) {
      return new Plan(initNoiseSigma, calls, rest, signal, sigma);
    }

    /** The plan of a sampler that begins at a call. */
    Plan startingAt(int first) {
      return of(initNoiseSigma, more -> rest.apply(first + more)).withEnd(endSignal, endSigma);
    }
  }

  /**
   * What a model without any error answers: {@code noise * (the noise of the sample) + original *
   * x_0}.
   */
  record Target(double noise, double original) {}

  /** diffusers' name of the class, for instance {@code DDPMScheduler}. */
  String className();

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
