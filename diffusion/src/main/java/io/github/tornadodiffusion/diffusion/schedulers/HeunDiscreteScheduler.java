package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Heun's method (Karras et al. 2022, algorithm 1 with the VE schedule), as diffusers 0.27.2
 * computes it, in double precision: a step of Euler's method, which is repeated with the mean of
 * the slopes at both of its ends. The last step is Euler's. n steps call the model 2n - 1 times.
 *
 * <p>Where diffusers divides by a level of zero, at a timestep without noise, the step remains that
 * of Euler.
 */
public final class HeunDiscreteScheduler extends SpreadSigmasScheduler {
  private static final Set<String> KEYS =
      SchedulerConfig.commonKeysAnd("clip_sample", "clip_sample_range");
  private static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.00085, 0.012);

  /** The sample before a step. */
  private static final int BEFORE = Update.OWN;

  /** The slope there. */
  private static final int SLOPE = Update.OWN + 1;

  HeunDiscreteScheduler(JsonFields fields) {
    super(fields, DEFAULTS, KEYS);
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SigmaSteps levels = SigmaSteps.of(config, spread, table, steps);
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      double from = levels.sigmas()[i];
      double to = levels.sigmas()[i + 1];
      calls.add(predictor(levels.timesteps()[i], from, to));
      if (i < steps - 1) {
        calls.add(corrector(levels.timesteps()[i + 1], from, to));
      }
    }
    return levels.planInPairs(calls);
  }

  private ModelCall predictor(double timestep, double from, double to) {
    return predicting(timestep, from)
        .set(BEFORE, term(SAMPLE, 1))
        .set(SLOPE, slope(from))
        .set(SAMPLE, SigmaSteps.straight(from, to))
        .build();
  }

  private ModelCall corrector(double timestep, double from, double to) {
    ModelCall.Builder call = predicting(timestep, to).withinStep();
    if (to > 0) {
      double half = (to - from) / 2;
      call.set(SLOPE, slope(to)[0], slope(to)[1], term(SLOPE, 1))
          .set(SAMPLE, term(BEFORE, 1), term(SLOPE, half));
    }
    return call.build();
  }

  /** (sample - x_0) / sigma. */
  private static Term[] slope(double sigma) {
    double weight = sigma == 0 ? 0 : 1 / sigma;
    return new Term[] {term(SAMPLE, weight), term(ORIGINAL, -weight)};
  }

  private ModelCall.Builder predicting(double timestep, double sigma) {
    return SigmaSteps.call(timestep, sigma)
        .set(ORIGINAL, SigmaSteps.original(config.predictionType(), sigma))
        .bound(ORIGINAL, config);
  }
}
