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
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Ancestral sampling with Euler's method: every step goes below the next level and adds noise to
 * reach it (Crowson's k-diffusion), as diffusers 0.27.2 computes it, in double precision.
 */
public final class EulerAncestralDiscreteScheduler extends VariancePreservingScheduler {
  private static final Set<String> KEYS = SchedulerConfig.commonKeysAnd("rescale_betas_zero_snr");
  private static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.0001, 0.02);

  private final double[] table;

  EulerAncestralDiscreteScheduler(JsonFields fields) {
    super(SchedulerConfig.read(fields, DEFAULTS, KEYS), KEYS);
    SigmaSteps.refuseSamplePrediction(className(), config);
    table = SigmaSteps.table(config, schedule);
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SigmaSteps levels = SigmaSteps.of(config, Sigmas.TIMESTEPS, table, steps);
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < levels.count(); i++) {
      double sigma = levels.sigmas()[i];
      Ancestral step = Ancestral.between(sigma, levels.sigmas()[i + 1]);
      Term[] down = SigmaSteps.straight(sigma, step.down());
      calls.add(
          SigmaSteps.call(levels.timesteps()[i], sigma)
              .set(ORIGINAL, SigmaSteps.original(config.predictionType(), sigma))
              .set(SAMPLE, down[0], down[1], term(NOISE, step.up()))
              .drawsNoise()
              .build());
    }
    return new Plan(levels.initNoiseSigma(), calls);
  }
}
