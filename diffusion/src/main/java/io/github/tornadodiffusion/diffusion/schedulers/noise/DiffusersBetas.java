package io.github.tornadodiffusion.diffusion.schedulers.noise;

import io.github.tornadodiffusion.nn.io.Ids;

/** The schedules that diffusers knows, described at the constants of {@link BetaSchedule}. */
enum DiffusersBetas implements BetaSchedule {
  LINEAR,
  SCALED_LINEAR,
  SQUAREDCOS_CAP_V2,
  SIGMOID,
  EXP,
  LAPLACE;

  private static final double MAX_BETA = 0.999;

  @Override
  public String id() {
    return Ids.id(this);
  }

  @Override
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
            case SQUAREDCOS_CAP_V2, LAPLACE -> {
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

  private double alphaBar(double time) {
    if (this == LAPLACE) {
      double tail = 1 - 2 * Math.abs(0.5 - time) + 1e-6;
      double snr = Math.pow(tail, time > 0.5 ? 0.5 : -0.5);
      return Math.sqrt(snr / (1 + snr));
    }
    double cosine = Math.cos((time + 0.008) / 1.008 * Math.PI / 2);
    return cosine * cosine;
  }
}
