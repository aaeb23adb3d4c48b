package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.DiscreteTimesteps;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Diffused;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Denoising diffusion probabilistic models, the ancestral sampler (Ho et al. 2020, algorithm 2), as
 * diffusers 0.27.2 computes it, in double precision.
 *
 * <p>Where diffusers gives NaN this does not: {@code fixed_large_log} is the exponential of its
 * logarithm, a {@code learned} variance is at least 1e-20, and an epsilon prediction at a timestep
 * without signal is divided by a small number in place of zero.
 */
public final class DDPMScheduler extends VariancePreservingScheduler {
  private final VarianceType varianceType;

  /** A scheduler with the given configuration. */
  public DDPMScheduler(SchedulerConfig config, VarianceType varianceType) {
    this.varianceType = varianceType;
    super(config, SchedulerConfig.KEYS);
  }

  /** A scheduler with diffusers' default variance, {@code fixed_small}. */
  public DDPMScheduler(SchedulerConfig config) {
    this(config, VarianceType.FIXED_SMALL);
  }

  static DDPMScheduler read(JsonFields fields) {
    // Solvers write null, which in diffusers is none of the other types and so this one.
    String variance = fields.stringOrNull("variance_type", null);
    return new DDPMScheduler(
        SchedulerConfig.read(fields, SchedulerConfig.DEFAULTS),
        variance == null ? VarianceType.FIXED_SMALL : VarianceType.of(variance));
  }

  /** The variance of the noise that a step adds. */
  public VarianceType varianceType() {
    return varianceType;
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("variance_type", varianceType.id());
    return fields;
  }

  @Override
  public boolean needsVariance() {
    return varianceType.learned();
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    return plan(DiscreteTimesteps.spaced(config, steps));
  }

  @Override
  public Plan plan(int[] timesteps, StepOptions options) {
    return plan(DiscreteTimesteps.given(timesteps));
  }

  private Plan plan(DiscreteTimesteps timesteps) {
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < timesteps.count(); i++) {
      calls.add(call(timesteps.at(i), timesteps.previous(i)));
    }
    return new Plan(1, calls);
  }

  private ModelCall call(int timestep, int previousTimestep) {
    double alphaCumprod = schedule.alphaCumprod(timestep);
    double alphaCumprodPrevious = alphaCumprod(previousTimestep, true);
    double alpha = NoiseSchedule.kept(alphaCumprod, alphaCumprodPrevious);
    // Equation 7. Without any noise in x_t the previous sample is x_0 itself.
    double originalShare =
        alphaCumprod == 1 ? 1 : Math.sqrt(alphaCumprodPrevious) * (1 - alpha) / (1 - alphaCumprod);
    double sampleShare =
        alphaCumprod == 1 ? 0 : Math.sqrt(alpha) * (1 - alphaCumprodPrevious) / (1 - alphaCumprod);
    Diffused diffused = Diffused.of(config.predictionType(), alphaCumprod);
    ModelCall.Builder call =
        ModelCall.at(timestep, diffused.signal(), diffused.sigma())
            .set(ORIGINAL, diffused.original())
            .bound(ORIGINAL, config);
    double small =
        Math.max(
            NoiseSchedule.posteriorVariance(alphaCumprod, alphaCumprodPrevious),
            NoiseSchedule.LEAST_VARIANCE);
    double large = 1 - alpha;
    // The step to x_0 adds no noise.
    double deviation = timestep == 0 ? 0 : fixedDeviation(small, large);
    call.set(
        SAMPLE, term(ORIGINAL, originalShare), term(SAMPLE, sampleShare), term(NOISE, deviation));
    if (timestep > 0 && varianceType.learned()) {
      boolean range = varianceType == VarianceType.LEARNED_RANGE;
      double mostLog = Math.log(Math.max(large, NoiseSchedule.LEAST_VARIANCE));
      call.add(
          new Update.LearnedNoise(
              SAMPLE, range ? Math.log(small) : Double.NaN, mostLog, NoiseSchedule.LEAST_VARIANCE));
    }
    return call.build();
  }

  private double fixedDeviation(double small, double large) {
    return switch (varianceType) {
      case FIXED_SMALL, FIXED_SMALL_LOG -> Math.sqrt(small);
      case FIXED_LARGE, FIXED_LARGE_LOG -> Math.sqrt(large);
      case LEARNED, LEARNED_RANGE -> 0;
    };
  }
}
