package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.SigmaSteps.Ancestral;
import java.util.ArrayList;
import java.util.List;

/** The steps of {@link KDPM2DiscreteScheduler} and {@link KDPM2AncestralDiscreteScheduler}. */
final class Midpoint {
  /** The sample before a step. */
  private static final int BEFORE = Update.OWN;

  private Midpoint() {}

  /**
   * The calls of all steps: to the geometric middle of a step, and from its beginning to its end
   * with the slope found there.
   *
   * @param table the level of every training timestep
   * @param ancestral whether a step goes lower and adds noise
   */
  static Scheduler.Plan plan(
      SchedulerConfig config, Sigmas spread, double[] table, int steps, boolean ancestral) {
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
          predicting(config, timestep, from)
              .set(BEFORE, term(SAMPLE, 1))
              .set(SAMPLE, SigmaSteps.straight(from, middle));
      calls.add((ancestral ? toMiddle.drawsNoise() : toMiddle).build());
      if (!last) {
        ModelCall.Builder toEnd = predicting(config, Sigmas.timestep(table, middle), middle);
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

  private static ModelCall.Builder predicting(
      SchedulerConfig config, double timestep, double sigma) {
    return SigmaSteps.call(timestep, sigma)
        .set(ORIGINAL, SigmaSteps.original(config.predictionType(), sigma));
  }
}
