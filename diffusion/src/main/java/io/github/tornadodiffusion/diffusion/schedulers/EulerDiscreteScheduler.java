package io.github.tornadodiffusion.diffusion.schedulers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.FinalSigma;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Euler's method with optional noise (Karras et al. 2022, algorithm 2, without the correction), as
 * diffusers 0.27.2 computes it, in double precision. As in diffusers, the model sees the sample
 * before noise is added, so with churn even a perfect model makes errors.
 */
public final class EulerDiscreteScheduler extends VariancePreservingScheduler {
  /** How levels between the timesteps are computed. */
  enum Interpolation {
    /** By linear interpolation at every timestep. */
    LINEAR,
    /** By even steps of the logarithm over all levels; the last step ends at the lowest of them. */
    LOG_LINEAR
  }

  /** The timestep that the model gets. */
  enum TimestepType {
    /** The timestep. */
    DISCRETE,
    /** With v_prediction log(sigma) / 4; else the timestep too. */
    CONTINUOUS
  }

  /** The configuration of this class alone, by diffusers' keys in camel case. */
  private record Own(
      Sigmas spread,
      Double sigmaMin,
      Double sigmaMax,
      Interpolation interpolationType,
      TimestepType timestepType,
      FinalSigma finalSigmasType) {
    Own {
      if (sigmaMin != null && sigmaMin < 0 || sigmaMax != null && sigmaMax <= 0) {
        throw new IllegalArgumentException(
            "sigma_min is %s and sigma_max is %s: they must be above 0, or null"
                .formatted(sigmaMin, sigmaMax));
      }
    }

    static Own read(JsonFields fields) {
      return new Own(
          Sigmas.read(fields),
          fields.numberOrNull("sigma_min", null),
          fields.numberOrNull("sigma_max", null),
          Ids.parse(
              Interpolation.class,
              "interpolation_type",
              fields.string("interpolation_type", Ids.id(Interpolation.LINEAR))),
          Ids.parse(
              TimestepType.class,
              "timestep_type",
              fields.string("timestep_type", Ids.id(TimestepType.DISCRETE))),
          FinalSigma.readOr(FinalSigma.ZERO, fields));
    }

    void write(Map<String, Object> fields) {
      spread.write(fields);
      fields.put("sigma_min", sigmaMin);
      fields.put("sigma_max", sigmaMax);
      fields.put("interpolation_type", Ids.id(interpolationType));
      fields.put("timestep_type", Ids.id(timestepType));
      if (finalSigmasType != FinalSigma.ZERO) {
        // diffusers 0.27.2 does not know the key.
        fields.put(FinalSigma.KEY, Ids.id(finalSigmasType));
      }
    }
  }

  private static final Set<String> KEYS = SchedulerConfig.commonKeysAnd("rescale_betas_zero_snr");
  private static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.0001, 0.02);

  private final Own own;
  private final double[] table;

  EulerDiscreteScheduler(JsonFields fields) {
    super(SchedulerConfig.read(fields, DEFAULTS, KEYS), KEYS);
    own = Own.read(fields);
    table = SigmaSteps.table(config, schedule);
  }

  @Override
  public Map<String, Object> fields() {
    Map<String, Object> fields = super.fields();
    own.write(fields);
    return fields;
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    SigmaSteps levels = levels(steps);
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < levels.count(); i++) {
      calls.add(call(levels, i, options.churn()));
    }
    return new Plan(levels.initNoiseSigma(), calls);
  }

  private ModelCall call(SigmaSteps levels, int i, StepOptions.Churn churn) {
    double[] sigmas = levels.sigmas();
    double sigma = sigmas[i];
    double gamma = churn.gamma(sigma, sigmas.length - 1);
    double raised = sigma * (1 + gamma);
    double added = sigma * Math.sqrt(gamma * (2 + gamma)) * churn.sNoise();
    // With v_prediction diffusers takes the level before the noise.
    boolean epsilon = config.predictionType() == PredictionType.EPSILON;
    ModelCall.Builder call = SigmaSteps.call(levels.timesteps()[i], sigma);
    if (added > 0) {
      call.set(SAMPLE, term(SAMPLE, 1), term(NOISE, added));
    }
    return call.set(
            ORIGINAL, SigmaSteps.original(config.predictionType(), epsilon ? raised : sigma))
        .set(SAMPLE, SigmaSteps.straight(raised, sigmas[i + 1]))
        .drawsNoise()
        .build();
  }

  private SigmaSteps levels(int steps) {
    double[] timesteps = config.exactTimesteps(steps);
    double[] sigmas;
    if (own.interpolationType() == Interpolation.LOG_LINEAR) {
      sigmas = Sigmas.EXPONENTIAL.between(table[0], table[table.length - 1], steps + 1);
    } else {
      sigmas = SigmaSteps.levels(table, timesteps);
    }
    if (own.spread() != Sigmas.TIMESTEPS) {
      double least = own.sigmaMin() == null ? sigmas[sigmas.length - 1] : own.sigmaMin();
      double most = own.sigmaMax() == null ? sigmas[0] : own.sigmaMax();
      sigmas = own.spread().between(least, most, steps);
      timesteps = SigmaSteps.timesteps(table, sigmas);
    }
    if (own.timestepType() == TimestepType.CONTINUOUS
        && config.predictionType() == PredictionType.V_PREDICTION) {
      timesteps = Arrays.stream(sigmas).map(sigma -> 0.25 * Sigmas.log(sigma)).toArray();
    }
    double last = own.finalSigmasType() == FinalSigma.ZERO ? 0 : table[0];
    return SigmaSteps.to(last, config, timesteps, sigmas);
  }
}
