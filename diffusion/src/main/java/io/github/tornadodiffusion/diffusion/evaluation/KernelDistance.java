package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.nn.random.SplitMix64;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * The kernel distance (KID) of Binkowski et al. (2018): the squared maximum mean discrepancy of two
 * sets of features under the kernel (x.y / d + 1)^3, estimated without bias, so that it may be
 * below zero.
 *
 * @param mean of the estimates over the subsets
 * @param deviation standard deviation of these estimates, which shows how much subsets differ; 0
 *     for a single one
 */
public record KernelDistance(double mean, double deviation) {
  private static final long STREAM = 0x4b4944;

  /**
   * The distance.
   *
   * @param a features {@code [n][d]}
   * @param b features {@code [m][d]}
   * @param subsets how many, each drawn independently
   * @param subsetSize rows that a subset takes from either set, without replacement; at least 2
   * @param seed of the choice of subsets
   * @throws IllegalArgumentException if a set has fewer rows than a subset
   */
  public static KernelDistance between(
      double[][] a, double[][] b, int subsets, int subsetSize, long seed) {
    if (subsets < 1 || subsetSize < 2) {
      throw new IllegalArgumentException(
          "%d subsets of %d images: take at least 1 of at least 2".formatted(subsets, subsetSize));
    }
    Features.check(a, b, subsetSize);
    SummaryStatistics estimates = new SummaryStatistics();
    for (int i = 0; i < subsets; i++) {
      SplitMix64 random = new SplitMix64(seed, STREAM, i);
      double[][] fromA = draw(a, subsetSize, random);
      double[][] fromB = draw(b, subsetSize, random);
      estimates.addValue(unbiased(fromA, fromB));
    }
    return new KernelDistance(estimates.getMean(), estimates.getStandardDeviation());
  }

  /** Equation 4 of Binkowski et al. for sets of one size. */
  private static double unbiased(double[][] a, double[][] b) {
    int n = a.length;
    double within = 0;
    double between = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        if (j < i) {
          within += 2 * (kernel(a[i], a[j]) + kernel(b[i], b[j]));
        }
        between += kernel(a[i], b[j]);
      }
    }
    return within / n / (n - 1) - 2 * between / n / n;
  }

  private static double kernel(double[] x, double[] y) {
    double dot = 0;
    for (int i = 0; i < x.length; i++) {
      dot += x[i] * y[i];
    }
    double base = dot / x.length + 1;
    return base * base * base;
  }

  private static double[][] draw(double[][] rows, int count, SplitMix64 random) {
    double[][] shuffled = rows.clone();
    double[][] drawn = new double[count][];
    for (int i = 0; i < count; i++) {
      int j = i + random.nextInt(rows.length - i);
      drawn[i] = shuffled[j];
      shuffled[j] = shuffled[i];
    }
    return drawn;
  }
}
