package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
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
 * Denoising diffusion implicit models (Song et al. 2021, equations 12 and 16), as diffusers 0.27.2
 * computes them, in double precision. Without noise (eta 0) a sample depends on its initial noise
 * alone.
 */
public final class DDIMScheduler extends VariancePreservingScheduler {
  /** The noise according to the prediction. */
  private static final int EPSILON = Update.OWN;

  private final boolean setAlphaToOne;

  /**
   * A scheduler with the given configuration.
   *
   * @param setAlphaToOne whether the last step leads to a sample without noise; else to timestep 0
   */
  public DDIMScheduler(SchedulerConfig config, boolean setAlphaToOne) {
    this.setAlphaToOne = setAlphaToOne;
    super(config, SchedulerConfig.KEYS);
  }

  /** A scheduler with diffusers' default end, a sample without noise. */
  public DDIMScheduler(SchedulerConfig config) {
    this(config, true);
  }

  static DDIMScheduler read(JsonFields fields) {
    return new DDIMScheduler(
        SchedulerConfig.read(fields, SchedulerConfig.DEFAULTS),
        fields.bool("set_alpha_to_one", true));
  }

  /** Whether the last step leads to a sample without noise; else to timestep 0. */
  public boolean setAlphaToOne() {
    return setAlphaToOne;
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    fields.put("set_alpha_to_one", setAlphaToOne);
    return fields;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    return plan(DiscreteTimesteps.spaced(config, steps), options);
  }

  @Override
  public Plan plan(int[] timesteps, StepOptions options) {
    return plan(DiscreteTimesteps.given(timesteps), options);
  }

  private Plan plan(DiscreteTimesteps timesteps, StepOptions options) {
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < timesteps.count(); i++) {
      calls.add(call(timesteps.at(i), timesteps.previous(i), options));
    }
    return new Plan(1, calls);
  }

  private ModelCall call(int timestep, int previousTimestep, StepOptions options) {
    double alphaCumprod = schedule.alphaCumprod(timestep);
    double alphaCumprodPrevious = alphaCumprod(previousTimestep, setAlphaToOne);
    double variance = NoiseSchedule.posteriorVariance(alphaCumprod, alphaCumprodPrevious);
    double deviation = options.eta() * Math.sqrt(Math.max(variance, 0));
    double signalPrevious = Math.sqrt(alphaCumprodPrevious);
    // With eta 1 rounding can take the difference just below zero.
    double direction = Math.sqrt(Math.max(1 - alphaCumprodPrevious - deviation * deviation, 0));

    Diffused diffused = Diffused.of(config.predictionType(), alphaCumprod);
    ModelCall.Builder call =
        ModelCall.at(timestep, diffused.signal(), diffused.sigma())
            .set(ORIGINAL, diffused.original())
            .set(EPSILON, diffused.noise())
            .bound(ORIGINAL, config);
    if (options.useClippedModelOutput()) {
      double sigma = diffused.sigma();
      call.set(
          EPSILON,
          term(SAMPLE, sigma == 0 ? 0 : 1 / sigma),
          term(ORIGINAL, sigma == 0 ? 0 : -diffused.signal() / sigma));
    }
    call.set(
        SAMPLE, term(ORIGINAL, signalPrevious), term(EPSILON, direction), term(NOISE, deviation));
    return (options.eta() > 0 ? call.drawsNoise() : call).build();
  }
}
