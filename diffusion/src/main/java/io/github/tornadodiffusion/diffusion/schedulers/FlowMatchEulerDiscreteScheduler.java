package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.FlowShift;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Euler's method for flow matching with straight paths (Lipman et al. 2023; Esser et al. 2024):
 * sample = (1 - sigma) * x_0 + sigma * noise, and the model predicts noise - x_0. Levels and steps
 * are those of diffusers 0.39, in double precision.
 *
 * <p>With {@code invert_sigmas} the model gets 1 - sigma and predicts x_0 - noise.
 */
public final class FlowMatchEulerDiscreteScheduler implements Scheduler {
  private static final Set<String> KEYS = Set.of("num_train_timesteps");

  /**
   * From what pipelines compute mu: the shifts of two numbers of tokens, by diffusers' keys in
   * camel case. A sampler is told mu itself.
   */
  private record MuRange(
      Double baseShift, Double maxShift, Integer baseImageSeqLen, Integer maxImageSeqLen) {
    static MuRange read(JsonFields fields) {
      return new MuRange(
          fields.numberOrNull("base_shift", 0.5),
          fields.numberOrNull("max_shift", 1.15),
          fields.integerOrNull("base_image_seq_len", 256),
          fields.integerOrNull("max_image_seq_len", 4096));
    }

    void write(Map<String, Object> fields) {
      fields.put("base_shift", baseShift);
      fields.put("max_shift", maxShift);
      fields.put("base_image_seq_len", baseImageSeqLen);
      fields.put("max_image_seq_len", maxImageSeqLen);
    }
  }

  private final SchedulerConfig config;
  private final FlowShift shift;
  private final MuRange muRange;
  private final Sigmas spread;
  private final boolean invertSigmas;
  private final boolean stochasticSampling;

  FlowMatchEulerDiscreteScheduler(JsonFields fields) {
    config = SchedulerConfig.read(fields, SchedulerConfig.DEFAULTS, KEYS);
    shift = FlowShift.read(fields, "shift");
    muRange = MuRange.read(fields);
    spread = Sigmas.read(fields);
    invertSigmas = fields.bool("invert_sigmas", false);
    stochasticSampling = fields.bool("stochastic_sampling", false);
    if (invertSigmas && stochasticSampling) {
      throw new IllegalArgumentException(
          "invert_sigmas and stochastic_sampling are both true: the noise would not go away");
    }
  }

  @Override
  public SchedulerConfig config() {
    return config;
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = config.fields(KEYS);
    shift.write(fields, "shift");
    shift.writeTerminal(fields);
    muRange.write(fields);
    spread.writeAll(fields);
    fields.put("invert_sigmas", invertSigmas);
    fields.put("stochastic_sampling", stochasticSampling);
    return fields;
  }

  @Override
  public NoiseSchedule noiseSchedule() {
    throw new IllegalStateException(
        className() + " has straight paths, no betas: train with another");
  }

  @Override
  public Target target(ModelCall call) {
    return invertSigmas ? new Target(-1, 1) : new Target(1, -1);
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    double[] sigmas = sigmas(steps, options.mu());
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < sigmas.length; i++) {
      calls.add(call(sigmas[i], i == sigmas.length - 1 ? 0 : sigmas[i + 1]));
    }
    return new Plan(1, calls);
  }

  private ModelCall call(double sigma, double next) {
    double told = invertSigmas ? 1 - sigma : sigma;
    double toNoise = invertSigmas ? -1 : 1;
    ModelCall.Builder call =
        ModelCall.at(told * config.numTrainTimesteps(), 1 - sigma, sigma)
            .set(ORIGINAL, term(SAMPLE, 1), term(OUTPUT, -toNoise * sigma));
    if (stochasticSampling) {
      return call.set(SAMPLE, term(ORIGINAL, 1 - next), term(NOISE, next)).drawsNoise().build();
    }
    return call.set(SAMPLE, term(SAMPLE, 1), term(OUTPUT, toNoise * (next - sigma))).build();
  }

  /** The levels of all steps, most noise first. */
  private double[] sigmas(int steps, Double mu) {
    int train = config.numTrainTimesteps();
    // Checks the number of steps.
    int count = config.timesteps(steps).length;
    // As in diffusers, the lowest level is shifted when the scheduler is made, and again here.
    double least = 1.0 / train;
    if (!shift.useDynamicShifting()) {
      least = FlowShift.shifted(least, shift.shift());
    }
    double factor = shift.factor(mu);
    double[] sigmas = new double[count];
    for (int i = 0; i < count; i++) {
      double share = count == 1 ? 0 : (double) i / (count - 1);
      sigmas[i] = FlowShift.shifted(1 + share * (least - 1), factor);
    }
    sigmas = shift.stretched(sigmas);
    return spread == Sigmas.TIMESTEPS
        ? sigmas
        : spread.between(sigmas[count - 1], sigmas[0], count);
  }
}
