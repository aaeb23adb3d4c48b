package io.github.tornadodiffusion.diffusion.schedulers.noise;

import io.github.tornadodiffusion.nn.io.Ids;

/**
 * The variances beta_0 .. beta_(T-1) of the forward process, by diffusers' names, in double
 * precision (diffusers computes them in single precision).
 */
public enum BetaSchedule {
  /** From betaStart to betaEnd in even steps (Ho et al. 2020). */
  LINEAR,
  /** The square of even steps between the roots (Rombach et al. 2022). */
  SCALED_LINEAR,
  /** From a squared cosine of alphasCumprod (Nichol and Dhariwal 2021, equation 17). */
  SQUAREDCOS_CAP_V2,
  /** A logistic curve over [-6, 6] between betaStart and betaEnd (Xu et al. 2022, GeoDiff). */
  SIGMOID,
  /** From alphasCumprod exp(-12 t / T). */
  EXP;

  private static final double MAX_BETA = 0.999;

  /** The name in a configuration file, for instance {@code squaredcos_cap_v2}. */
  public String id() {
    return Ids.id(this);
  }

  /**
   * The schedule with the given name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static BetaSchedule of(String id) {
    return Ids.parse(BetaSchedule.class, "beta_schedule", id);
  }

  /**
   * The variances.
   *
   * @param trainTimesteps T
   * @param betaStart the first value; without meaning for {@link #SQUAREDCOS_CAP_V2} and {@link
   *     #EXP}
   * @param betaEnd the last value; likewise
   */
  public double[] betas(int trainTimesteps, double betaStart, double betaEnd) {
    double[] betas = new double[trainTimesteps];
    for (int t = 0; t < trainTimesteps; t++) {
      betas[t] =
          switch (this) {
            case LINEAR -> between(betaStart, betaEnd, t, trainTimesteps);
            case SCALED_LINEAR -> {
              double root = between(Math.sqrt(betaStart), Math.sqrt(betaEnd), t, trainTimesteps);
              yield root * root;
            }
            case SQUAREDCOS_CAP_V2 -> {
              double before = alphaBar((double) t / trainTimesteps);
              double after = alphaBar((t + 1.0) / trainTimesteps);
              yield Math.min(1 - after / before, MAX_BETA);
            }
            case EXP -> Math.min(-Math.expm1(-12.0 / trainTimesteps), MAX_BETA);
            case SIGMOID -> {
              double logistic = 1 / (1 + Math.exp(-between(-6, 6, t, trainTimesteps)));
              yield logistic * (betaEnd - betaStart) + betaStart;
            }
          };
    }
    return betas;
  }

  private static double between(double start, double end, int index, int count) {
    return count == 1 ? start : start + (end - start) * index / (count - 1);
  }

  private static double alphaBar(double time) {
    double cosine = Math.cos((time + 0.008) / 1.008 * Math.PI / 2);
    return cosine * cosine;
  }

  /**
   * Shifts and scales sqrt(alphasCumprod) so that its last value is zero and its first is kept (Lin
   * et al. 2023, algorithm 1).
   *
   * @throws IllegalArgumentException if there are fewer than two values
   */
  public static double[] rescaleZeroTerminalSnr(double[] betas) {
    int count = betas.length;
    if (count < 2) {
      throw new IllegalArgumentException(
          "rescale_betas_zero_snr needs at least 2 timesteps: raise num_train_timesteps");
    }
    double[] roots = new double[count];
    double product = 1;
    for (int t = 0; t < count; t++) {
      product *= 1 - betas[t];
      roots[t] = Math.sqrt(product);
    }
    double first = roots[0];
    double last = roots[count - 1];
    double[] rescaled = new double[count];
    double previous = 1;
    for (int t = 0; t < count; t++) {
      double root = (roots[t] - last) * (first / (first - last));
      double alphaCumprod = root * root;
      rescaled[t] = 1 - alphaCumprod / previous;
      previous = alphaCumprod;
    }
    return rescaled;
  }
}
