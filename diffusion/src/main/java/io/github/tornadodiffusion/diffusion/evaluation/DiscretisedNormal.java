package io.github.tornadodiffusion.diffusion.evaluation;

import org.apache.commons.math3.special.Erf;

/**
 * A normal distribution over values in even levels from -1 to 1: a level has the probability of the
 * bin around it, the first and the last that of the tail beyond (Ho et al. 2020, equation 13). The
 * logarithm is exact, whereas the papers' code limits the probability to at least 1e-12.
 */
final class DiscretisedNormal {
  /** Beyond this, erfc is computed from its asymptotic series. */
  private static final double FAR = 20;

  private static final double LOG_SQRT_PI = Math.log(Math.PI) / 2;

  private DiscretisedNormal() {}

  /**
   * The logarithm of the probability of a value's level.
   *
   * @param levels at least 2
   */
  static double logProbability(double value, double mean, double deviation, int levels) {
    double half = 1.0 / (levels - 1);
    double scale = deviation * Math.sqrt(2);
    double low = (value - half - mean) / scale;
    double high = (value + half - mean) / scale;
    if (value < -1 + half / 2) {
      return logUpperTail(-high);
    }
    if (value > 1 - half / 2) {
      return logUpperTail(low);
    }
    // In the upper half, where the tails do not cancel.
    if (low + high < 0) {
      return logBetween(-high, -low);
    }
    return logBetween(low, high);
  }

  private static double logBetween(double low, double high) {
    if (low < 1) {
      return Math.log(Erf.erf(low, high) / 2);
    }
    double tail = logUpperTail(low);
    return tail + Math.log(-Math.expm1(logUpperTail(high) - tail));
  }

  /** log(erfc(x) / 2). */
  private static double logUpperTail(double x) {
    if (x < FAR) {
      return Math.log(Erf.erfc(x) / 2);
    }
    double s = 1 / (2 * x * x);
    return -x * x - Math.log(2 * x) - LOG_SQRT_PI + Math.log1p(-s * (1 - 3 * s * (1 - 5 * s)));
  }
}
