package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.FinalSigma;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Euler's method for models with the preconditioning of Karras et al. 2022 (table 1, EDM), as
 * diffusers 0.27.2 computes it, in double precision: x_0 is cSkip * sample + cOut * output, and the
 * timestep of the model is log(sigma) / 4.
 */
public final class EDMEulerScheduler implements Scheduler {
  private static final String SIGMA_SCHEDULE = "sigma_schedule";
  private static final Set<String> KEYS = Set.of("num_train_timesteps", "prediction_type");

  /** How the levels lie in their range. */
  private enum SigmaSchedule {
    /** {@link Sigmas#KARRAS} with a rho. */
    KARRAS,
    /** {@link Sigmas#EXPONENTIAL}; a single level is the least, not the most. */
    EXPONENTIAL
  }

  /** The levels, by diffusers' keys in camel case. */
  private record Levels(
      double sigmaMin,
      double sigmaMax,
      double sigmaData,
      double rho,
      SigmaSchedule sigmaSchedule,
      FinalSigma finalSigmasType) {
    Levels {
      if (!(sigmaMin > 0 && sigmaMax >= sigmaMin)) {
        throw new IllegalArgumentException(
            "sigma_min is %s and sigma_max is %s: 0 must be below both, and sigma_max not the lower"
                .formatted(sigmaMin, sigmaMax));
      }
      if (!(sigmaData > 0 && rho > 0 && Double.isFinite(Math.pow(sigmaMax, 1 / rho)))) {
        throw new IllegalArgumentException(
            "sigma_data is %s and rho is %s: they must be above 0, rho not close to it"
                .formatted(sigmaData, rho));
      }
    }

    static Levels read(JsonFields fields) {
      return new Levels(
          fields.number("sigma_min", 0.002),
          fields.number("sigma_max", 80),
          fields.number("sigma_data", 0.5),
          fields.number("rho", 7),
          Ids.parse(
              SigmaSchedule.class,
              SIGMA_SCHEDULE,
              fields.string(SIGMA_SCHEDULE, Ids.id(SigmaSchedule.KARRAS))),
          FinalSigma.readOr(FinalSigma.ZERO, fields));
    }

    /** A number of levels from most to least, and the one after the last step. */
    double[] sigmas(int count) {
      double[] sigmas = new double[count + 1];
      for (int i = 0; i < count; i++) {
        double share = count == 1 ? 0 : (double) i / (count - 1);
        sigmas[i] =
            switch (sigmaSchedule) {
              case KARRAS -> Sigmas.karras(sigmaMin, sigmaMax, share, rho);
              case EXPONENTIAL ->
                  count == 1
                      ? sigmaMin
                      : Math.exp((1 - share) * Math.log(sigmaMax) + share * Math.log(sigmaMin));
            };
      }
      sigmas[count] = finalSigmasType == FinalSigma.ZERO ? 0 : sigmas[count - 1];
      return sigmas;
    }

    /** The weight of the sample in x_0. */
    double skip(double sigma) {
      double share = sigmaData / Math.hypot(sigma, sigmaData);
      return share * share;
    }

    /** The weight of the output in x_0, except for its sign. */
    double out(double sigma) {
      return sigma * sigmaData / Math.hypot(sigma, sigmaData);
    }
  }

  private final SchedulerConfig config;
  private final Levels levels;

  EDMEulerScheduler(JsonFields fields) {
    config = SchedulerConfig.read(fields, SchedulerConfig.DEFAULTS, KEYS);
    levels = Levels.read(fields);
    SigmaSteps.refuseSamplePrediction(className(), config);
  }

  @Override
  public SchedulerConfig config() {
    return config;
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = config.fields(KEYS);
    fields.put("sigma_min", levels.sigmaMin());
    fields.put("sigma_max", levels.sigmaMax());
    fields.put("sigma_data", levels.sigmaData());
    fields.put("rho", levels.rho());
    // diffusers 0.27.2 does not know these keys.
    if (levels.sigmaSchedule() != SigmaSchedule.KARRAS) {
      fields.put(SIGMA_SCHEDULE, Ids.id(levels.sigmaSchedule()));
    }
    if (levels.finalSigmasType() != FinalSigma.ZERO) {
      fields.put(FinalSigma.KEY, Ids.id(levels.finalSigmasType()));
    }
    return fields;
  }

  @Override
  public NoiseSchedule noiseSchedule() {
    throw new IllegalStateException(
        className() + " has levels of noise, no betas: train with another");
  }

  @Override
  public Target target(ModelCall call) {
    double skip = levels.skip(call.sigma());
    double out = sign() * levels.out(call.sigma());
    return new Target(-skip * call.sigma() / out, (1 - skip) / out);
  }

  private int sign() {
    return config.predictionType() == PredictionType.V_PREDICTION ? -1 : 1;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    // Its timesteps are not used, but the limits of their number are.
    int count = config.timesteps(steps).length;
    double[] sigmas = levels.sigmas(count);
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      calls.add(call(sigmas[i], sigmas[i + 1], options.churn(), count));
    }
    return new Plan(Math.hypot(levels.sigmaMax(), 1), calls);
  }

  private ModelCall call(double sigma, double next, StepOptions.Churn churn, int steps) {
    double gamma = churn.gamma(sigma, steps);
    double raised = sigma * (1 + gamma);
    double added = sigma * Math.sqrt(gamma * (2 + gamma)) * churn.sNoise();
    double inputScale = 1 / Math.hypot(sigma, levels.sigmaData());
    ModelCall.Builder call = ModelCall.at(0.25 * Math.log(sigma), inputScale, 1, sigma);
    if (added > 0) {
      call.set(SAMPLE, term(SAMPLE, 1), term(NOISE, added));
    }
    return call.set(
            ORIGINAL, term(SAMPLE, levels.skip(raised)), term(OUTPUT, sign() * levels.out(raised)))
        .set(SAMPLE, SigmaSteps.straight(raised, next))
        .drawsNoise()
        .build();
  }
}
