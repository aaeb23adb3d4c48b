package io.github.tornadodiffusion.experiments.statistics;

import java.util.Arrays;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.StatUtils;

/** Common parts of the statistics of one sample and of pairs. */
final class Samples {
  /** 1 - 0.95: every interval covers 95 %. */
  static final double ALPHA = 0.05;

  private Samples() {}

  /**
   * Refuses an empty sample and numbers that are not finite.
   *
   * @throws IllegalArgumentException naming the first such value
   */
  static void check(String name, double[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException(name + " has no values; give at least one");
    }
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "%s has %s at index %d; leave it out on purpose and say so"
                .formatted(name, values[i], i));
      }
    }
  }

  /** The sample standard deviation (divisor n - 1); NaN for one value. */
  static double standardDeviation(double[] values) {
    return values.length < 2 ? Double.NaN : Math.sqrt(StatUtils.variance(values));
  }

  /** Student's 95 % interval of the mean; undefined for one value. */
  static Interval meanInterval(double[] values) {
    if (values.length < 2) {
      return Interval.UNDEFINED;
    }
    double mean = StatUtils.mean(values);
    double half =
        new TDistribution(null, values.length - 1).inverseCumulativeProbability(1 - ALPHA / 2)
            * standardDeviation(values)
            / Math.sqrt(values.length);
    return new Interval(mean - half, mean + half);
  }

  static double[] sorted(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted;
  }
}
