package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.ORIGINAL;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OUTPUT;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.TimestepSpacing;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.Arrays;
import java.util.List;

/**
 * The steps of a sampler in the variance exploding view, where sample = x_0 + sigma * noise and the
 * model sees the sample divided by sqrt(sigma^2 + 1), as it was trained (Karras et al. 2022).
 *
 * @param timesteps of every level but the last
 * @param sigmas the levels, one more than timesteps; step i goes from level i to the next
 * @param initNoiseSigma factor of the noise that sampling begins with
 */
@SuppressWarnings("ArrayRecordComponent") // local to a scheduler, never compared
public record SigmaSteps(double[] timesteps, double[] sigmas, double initNoiseSigma) {
  /** The defaults of these schedulers, except for the range of betas. */
  public static SchedulerConfig defaults(double betaStart, double betaEnd) {
    return SchedulerConfig.DEFAULTS.with(
        """
        {"beta_start": %s, "beta_end": %s, "clip_sample": false, "timestep_spacing": "linspace"}
        """
            .formatted(betaStart, betaEnd));
  }

  /**
   * Steps to a sample without noise.
   *
   * @param table the level of every training timestep
   * @throws IllegalArgumentException if that number of steps is not possible
   */
  public static SigmaSteps of(SchedulerConfig config, Sigmas spread, double[] table, int steps) {
    double[] timesteps = config.exactTimesteps(steps);
    double[] levels = levels(table, timesteps);
    if (spread == Sigmas.TIMESTEPS) {
      return toZero(config, timesteps, levels);
    }
    double[] between = spread.between(levels[steps - 1], levels[0], steps);
    return toZero(config, timesteps(table, between), between);
  }

  /**
   * The level of every training timestep, from 0 on. As in diffusers, the last one of a schedule
   * that is rescaled to end without signal has an alphasCumprod of 2^-24.
   */
  public static double[] table(SchedulerConfig config, NoiseSchedule schedule) {
    double[] table = Sigmas.ofTimesteps(schedule);
    if (config.rescaleBetasZeroSnr()) {
      table[table.length - 1] = Math.sqrt(0x1p24 - 1);
    }
    return table;
  }

  /** The levels at timesteps, by linear interpolation. */
  public static double[] levels(double[] table, double[] timesteps) {
    return Arrays.stream(timesteps).map(timestep -> Sigmas.at(table, timestep)).toArray();
  }

  /** The timesteps of levels. */
  public static double[] timesteps(double[] table, double[] levels) {
    return Arrays.stream(levels).map(level -> Sigmas.timestep(table, level)).toArray();
  }

  /** Steps through the given levels and to zero. */
  public static SigmaSteps toZero(SchedulerConfig config, double[] timesteps, double[] levels) {
    return to(0, config, timesteps, levels);
  }

  /** Steps through the given levels, and from the last of them to another. */
  public static SigmaSteps to(
      double last, SchedulerConfig config, double[] timesteps, double[] levels) {
    double[] sigmas = Arrays.copyOf(levels, levels.length + 1);
    sigmas[levels.length] = last;
    return new SigmaSteps(timesteps, sigmas, initNoiseSigma(config, levels));
  }

  /** diffusers' factor of the noise that sampling begins with. */
  static double initNoiseSigma(SchedulerConfig config, double[] levels) {
    double most = Arrays.stream(levels).max().orElseThrow();
    return config.timestepSpacing() == TimestepSpacing.LEADING ? Math.hypot(most, 1) : most;
  }

  /** The number of steps. */
  public int count() {
    return timesteps.length;
  }

  /** The table of a method that calls the model twice per step, except for the last. */
  public Plan planInPairs(List<ModelCall> calls) {
    return new Plan(
        initNoiseSigma,
        calls,
        first -> calls.subList(Math.min(first + first % 2, calls.size()), calls.size()));
  }

  /** A call of the model with a sample of the given level. */
  public static ModelCall.Builder call(double timestep, double sigma) {
    return ModelCall.at(timestep, 1 / Math.hypot(sigma, 1), 1, sigma);
  }

  /** The x_0 that a sample of the given level and the model's output imply. */
  public static Term[] original(PredictionType prediction, double sigma) {
    double scale = 1 / Math.hypot(sigma, 1);
    return switch (prediction) {
      case EPSILON -> terms(1, -sigma);
      case SAMPLE -> terms(0, 1);
      case V_PREDICTION -> terms(scale * scale, -sigma * scale);
      case FLOW_PREDICTION -> throw new IllegalStateException("Flows have levels of their own");
    };
  }

  private static Term[] terms(double sample, double output) {
    return new Term[] {term(SAMPLE, sample), term(OUTPUT, output)};
  }

  /**
   * The point at another level on the straight line from the sample to x_0: sample + (to - from) *
   * (sample - x_0) / from. Without noise that is x_0.
   */
  public static Term[] straight(double from, double to) {
    double kept = from == 0 ? 0 : to / from;
    return new Term[] {term(SAMPLE, kept), term(ORIGINAL, 1 - kept)};
  }

  /** The steps of ancestral sampling: the level to go down to, and the noise to add from there. */
  public record Ancestral(double down, double up) {
    /** The step from one level of noise to another. */
    public static Ancestral between(double from, double to) {
      if (from <= to) {
        return new Ancestral(to, 0);
      }
      double kept = to / from;
      return new Ancestral(to * kept, to * Math.sqrt(1 - kept * kept));
    }
  }

  /**
   * Refuses predictions that diffusers does not implement for a class.
   *
   * @throws IllegalArgumentException if the model predicts x_0
   */
  public static void refuseSamplePrediction(String className, SchedulerConfig config) {
    if (config.predictionType() == PredictionType.SAMPLE) {
      throw new IllegalArgumentException(
          className + " has no prediction_type sample: it must be epsilon or v_prediction");
    }
  }
}
