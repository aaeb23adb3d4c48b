package io.github.tornadodiffusion.experiments.statistics;

import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.inference.TestUtils;

/**
 * Two treatments of the same subjects, such as two schedules with the same seeds; every difference
 * is the first value minus the second.
 *
 * @param n how many pairs
 * @param meanDifference the mean of the differences
 * @param meanInterval its 95 % interval by Student's t; undefined for one pair
 * @param medianDifference the median of the differences
 * @param pairedT the two-sided p-value of the paired t test; NaN for one pair, and if all
 *     differences are equal apart from rounding
 * @param wilcoxon the two-sided p-value of Wilcoxon's signed-rank test without zero differences:
 *     exact below 50 of them without ties, else approximate as R's wilcox.test; NaN if all are zero
 * @param cohensD Cohen's d<sub>z</sub>, the mean of the differences divided by their standard
 *     deviation; NaN if the t test is
 * @param rankBiserial the matched-pairs rank-biserial correlation, from -1 to 1; NaN if all
 *     differences are zero
 */
public record PairedComparison(
    int n,
    double meanDifference,
    Interval meanInterval,
    double medianDifference,
    double pairedT,
    double wilcoxon,
    double cohensD,
    double rankBiserial) {

  /** Differences of numbers with few decimals have errors of about this many ulps. */
  private static final double ROUNDING = 8;

  /**
   * Compares pairs.
   *
   * @param a the first of each pair
   * @param b the second of each pair, as many
   * @throws IllegalArgumentException for different lengths, no pairs, NaN or infinite values
   */
  public static PairedComparison of(double[] a, double[] b) {
    Samples.check("the first of the pairs", a);
    Samples.check("the second of the pairs", b);
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "%d values cannot be paired with %d; give as many".formatted(a.length, b.length));
    }
    double[] differences = new double[a.length];
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      differences[i] = a[i] - b[i];
      largest = Math.max(largest, Math.max(Math.abs(a[i]), Math.abs(b[i])));
    }
    double grid = ROUNDING * Math.ulp(largest);
    double deviation = Samples.standardDeviation(differences);
    boolean varies = deviation > grid;
    double mean = StatUtils.mean(differences);
    SignedRanks ranks = new SignedRanks(rounded(differences, grid));
    return new PairedComparison(
        a.length,
        mean,
        Samples.meanInterval(differences),
        StatUtils.percentile(differences, 50),
        varies ? TestUtils.pairedTTest(a, b) : Double.NaN,
        ranks.p(),
        varies ? mean / deviation : Double.NaN,
        ranks.rankBiserial());
  }

  /** Rounded to a grid, so that 1.2 - 1.1 and 0.2 - 0.1 are equal. */
  private static double[] rounded(double[] differences, double grid) {
    double[] rounded = new double[differences.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = Math.rint(differences[i] / grid) * grid;
    }
    return rounded;
  }
}
