package io.github.tornadodiffusion.diffusion.schedulers.noise;

import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Arrays;
import java.util.Map;
import org.apache.commons.math3.distribution.BetaDistribution;

/**
 * The noise levels of samplers in the variance exploding view, where sample = x_0 + sigma * noise
 * and sigma = sqrt((1 - alphasCumprod) / alphasCumprod), and how a number of them is distributed
 * over a range.
 */
public enum Sigmas {
  /** At the timesteps of the spacing. */
  TIMESTEPS,
  /** {@code (max^(1/7) + i / (n - 1) (min^(1/7) - max^(1/7)))^7} (Karras et al. 2022, eq. 5). */
  KARRAS,
  /** Even steps of the logarithm. */
  EXPONENTIAL,
  /** By the quantiles of a beta distribution with 0.6 and 0.6 (Lee et al. 2024). */
  BETA;

  private static final double RHO = 7;
  private static final double BETA_SHAPE = 0.6;

  /**
   * Reads diffusers' keys {@code use_karras_sigmas}, {@code use_exponential_sigmas} and {@code
   * use_beta_sigmas}.
   *
   * @throws IllegalArgumentException if more than one is true
   */
  public static Sigmas read(JsonFields fields) {
    Sigmas[] asked =
        Arrays.stream(values())
            .filter(sigmas -> sigmas != TIMESTEPS && fields.bool(sigmas.key(), false))
            .toArray(Sigmas[]::new);
    if (asked.length > 1) {
      throw new IllegalArgumentException(
          "%s and %s are both true: choose one".formatted(asked[0].key(), asked[1].key()));
    }
    return asked.length == 0 ? TIMESTEPS : asked[0];
  }

  /**
   * Writes the keys: diffusers 0.27.2 knows only that of Karras, so the others are written only if
   * they are true.
   */
  public void write(Map<String, Object> fields) {
    fields.put(KARRAS.key(), this == KARRAS);
    if (this == EXPONENTIAL || this == BETA) {
      fields.put(key(), true);
    }
  }

  /** Writes all keys, for a class that diffusers 0.27.2 does not know. */
  public void writeAll(Map<String, Object> fields) {
    for (Sigmas sigmas : values()) {
      if (sigmas != TIMESTEPS) {
        fields.put(sigmas.key(), this == sigmas);
      }
    }
  }

  /** The key that asks for them. */
  public String key() {
    return "use_" + Ids.id(this) + "_sigmas";
  }

  /**
   * Levels from the highest to the lowest, both included.
   *
   * @param count at least 1; 1 gives the highest alone
   */
  public double[] between(double least, double most, int count) {
    double[] sigmas = new double[count];
    for (int i = 0; i < count; i++) {
      double share = count == 1 ? 0 : (double) i / (count - 1);
      sigmas[i] =
          switch (this) {
            case KARRAS -> karras(least, most, share, RHO);
            case EXPONENTIAL -> Math.exp((1 - share) * log(most) + share * log(least));
            case BETA -> least + quantile(1 - share) * (most - least);
            case TIMESTEPS -> throw new IllegalStateException("Levels of timesteps have no range");
          };
    }
    return sigmas;
  }

  /**
   * A level of {@link #KARRAS}.
   *
   * @param share its position, from 0 for the highest to 1 for the lowest
   */
  public static double karras(double least, double most, double share, double rho) {
    double from = Math.pow(most, 1 / rho);
    return Math.pow(from + share * (Math.pow(least, 1 / rho) - from), rho);
  }

  private static double quantile(double probability) {
    return new BetaDistribution(BETA_SHAPE, BETA_SHAPE).inverseCumulativeProbability(probability);
  }

  /** The level of every training timestep, from 0 on; at most 2^24, even without signal. */
  public static double[] ofTimesteps(NoiseSchedule schedule) {
    double[] sigmas = new double[schedule.timesteps()];
    for (int t = 0; t < sigmas.length; t++) {
      sigmas[t] = schedule.sigma(t) / Math.max(schedule.signal(t), PredictionType.LEAST_SIGNAL);
    }
    return sigmas;
  }

  /**
   * The level at a fractional timestep, by linear interpolation.
   *
   * @param sigmas of all timesteps
   */
  public static double at(double[] sigmas, double timestep) {
    int below = Math.clamp((int) Math.floor(timestep), 0, sigmas.length - 1);
    int above = Math.min(below + 1, sigmas.length - 1);
    double share = Math.clamp(timestep - below, 0, 1);
    return (1 - share) * sigmas[below] + share * sigmas[above];
  }

  /**
   * The timestep of a level, by linear interpolation of the logarithm.
   *
   * @param sigmas of all timesteps, rising
   */
  public static double timestep(double[] sigmas, double sigma) {
    int low = 0;
    while (low < sigmas.length - 2 && sigmas[low + 1] <= sigma) {
      low++;
    }
    if (low == sigmas.length - 1) {
      return low;
    }
    double from = log(sigmas[low]);
    double to = log(sigmas[low + 1]);
    return low + (from == to ? 0 : Math.clamp((log(sigma) - from) / (to - from), 0, 1));
  }

  /** The logarithm, finite even without noise. */
  public static double log(double sigma) {
    return Math.log(Math.max(sigma, 1e-10));
  }
}
