package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps.Ancestral;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;

/** {@link KDPM2DiscreteScheduler} and {@link KDPM2AncestralDiscreteScheduler}. */
abstract class MidpointScheduler extends SpreadSigmasScheduler {
  private static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.00085, 0.012);

  /** The sample before a step. */
  private static final int BEFORE = Update.OWN;

  private final boolean ancestral;

  /**
   * Reads a configuration.
   *
   * @param ancestral whether a step goes below its level and adds noise
   */
  MidpointScheduler(JsonFields fields, boolean ancestral) {
    super(fields, DEFAULTS, SchedulerConfig.COMMON_KEYS);
    SigmaSteps.refuseSamplePrediction(className(), config);
    this.ancestral = ancestral;
  }

  /**
   * {@inheritDoc} To the geometric middle of a step, and from its beginning to its end with the
   * slope found there.
   */
  @Override
  public Plan plan(int steps, StepOptions options) {
    SigmaSteps levels = SigmaSteps.of(config, spread, table, steps);
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      double from = levels.sigmas()[i];
      double to = levels.sigmas()[i + 1];
      Ancestral step = ancestral ? Ancestral.between(from, to) : new Ancestral(to, 0);
      double timestep = levels.timesteps()[i];
      if (spread == Sigmas.KARRAS) {
        timestep = Math.rint(timestep);
      }
      boolean last = i == steps - 1;
      double middle = last ? 0 : Math.sqrt(from * step.down());
      ModelCall.Builder toMiddle =
          predicting(timestep, from)
              .set(BEFORE, term(SAMPLE, 1))
              .set(SAMPLE, SigmaSteps.straight(from, middle));
      calls.add((ancestral ? toMiddle.drawsNoise() : toMiddle).build());
      if (!last) {
        ModelCall.Builder toEnd = predicting(Sigmas.timestep(table, middle), middle).withinStep();
        // Where the middle has no noise, diffusers divides by zero; its x_0 is the end.
        double length = middle == 0 ? 0 : (step.down() - from) / middle;
        toEnd.set(
            SAMPLE,
            term(BEFORE, middle == 0 ? 0 : 1),
            term(SAMPLE, length),
            term(ORIGINAL, middle == 0 ? 1 : -length),
            term(NOISE, step.up()));
        calls.add((ancestral ? toEnd.drawsNoise() : toEnd).build());
      }
    }
    return levels.planInPairs(calls);
  }

  private ModelCall.Builder predicting(double timestep, double sigma) {
    return SigmaSteps.call(timestep, sigma)
        .set(ORIGINAL, SigmaSteps.original(config.predictionType(), sigma));
  }
}
