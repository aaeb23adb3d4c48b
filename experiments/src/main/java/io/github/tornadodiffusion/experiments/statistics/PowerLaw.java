package io.github.tornadodiffusion.experiments.statistics;

import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * y = factor x<sup>exponent</sup>, fitted by least squares in the logarithms.
 *
 * @param exponent the power
 * @param exponentInterval its 95 % interval by Student's t; undefined for two points
 * @param factor y at x = 1
 * @param rSquared the share of the variance of log y that it explains; NaN if y is constant
 */
public record PowerLaw(double exponent, Interval exponentInterval, double factor, double rSquared) {

  /**
   * Fits the points.
   *
   * @param x positive, at least two different ones
   * @param y positive, as many
   * @throws IllegalArgumentException for anything else
   */
  public static PowerLaw fit(double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "%d x cannot belong to %d y; give as many".formatted(x.length, y.length));
    }
    SimpleRegression regression = new SimpleRegression();
    for (int i = 0; i < x.length; i++) {
      regression.addData(log("x", x[i]), log("y", y[i]));
    }
    double exponent = regression.getSlope();
    if (Double.isNaN(exponent)) {
      throw new IllegalArgumentException(
          "a power law needs points at two different x; measure at more sizes");
    }
    return new PowerLaw(
        exponent,
        interval(regression),
        Math.exp(regression.getIntercept()),
        regression.getRSquare());
  }

  private static double log(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          "%s is %s, which has no logarithm; give positive numbers".formatted(name, value));
    }
    return Math.log(value);
  }

  private static Interval interval(SimpleRegression regression) {
    if (regression.getN() < 3) {
      return Interval.UNDEFINED;
    }
    double half = regression.getSlopeConfidenceInterval(Samples.ALPHA);
    return new Interval(regression.getSlope() - half, regression.getSlope() + half);
  }
}
