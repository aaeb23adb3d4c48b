package io.github.tornadodiffusion.experiments.statistics;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;

/**
 * Statistics of one sample, all in the unit of its values.
 *
 * @param n how many values
 * @param mean their mean
 * @param meanInterval Student's 95 % interval of the mean; undefined for one value
 * @param median their median
 * @param medianInterval an interval of the median between two of the values, which holds for every
 *     distribution: the shortest symmetric one that covers at least 95 %, for fewer than six values
 *     from the smallest to the largest (Conover, Practical Nonparametric Statistics, section 3.2)
 * @param medianCoverage the true coverage of that interval: at least 0.95 from six values on, 1 -
 *     2<sup>1 - n</sup> for fewer
 * @param standardDeviation with divisor n - 1; NaN for one value
 * @param min the smallest value
 * @param max the largest value
 * @param outliers values beyond Tukey's fences, 1.5 interquartile ranges from the quartiles (type 7
 *     of Hyndman and Fan), in the order given; they are part of every other figure
 */
public record Summary(
    int n,
    double mean,
    Interval meanInterval,
    double median,
    Interval medianInterval,
    double medianCoverage,
    double standardDeviation,
    double min,
    double max,
    List<Double> outliers) {

  private static final double FENCE = 1.5;

  /** Copies the list of outliers. */
  public Summary {
    outliers = List.copyOf(outliers);
  }

  /**
   * Summarises a sample.
   *
   * @throws IllegalArgumentException for no values, and for NaN or infinite ones
   */
  public static Summary of(double... values) {
    Samples.check("a sample", values);
    double[] sorted = Samples.sorted(values);
    int n = values.length;
    int rank = medianRank(n);
    return new Summary(
        n,
        StatUtils.mean(values),
        Samples.meanInterval(values),
        quantile(values, 50),
        new Interval(sorted[rank - 1], sorted[n - rank]),
        1 - 2 * below(n, rank),
        Samples.standardDeviation(values),
        sorted[0],
        sorted[n - 1],
        outliers(values));
  }

  /**
   * A 95 % interval of the mean of values that cannot be negative, such as times: Student's, by the
   * delta method in the logarithm, so that it never reaches zero.
   *
   * @return undefined for one value, and if the mean is not positive
   */
  public Interval positiveMeanInterval() {
    double half = halfWidth() / mean;
    return mean > 0 && Double.isFinite(half)
        ? new Interval(mean * Math.exp(-half), mean * Math.exp(half))
        : Interval.UNDEFINED;
  }

  /**
   * A 95 % interval of the mean of shares: Student's, by the delta method in the logarithm of the
   * odds, so that it stays within 0 and 1.
   *
   * @return the mean alone if it is 0 or 1; undefined for one value
   */
  public Interval shareMeanInterval() {
    if (n > 1 && (mean <= 0 || mean >= 1)) {
      return new Interval(mean, mean);
    }
    double half = halfWidth() / (mean * (1 - mean));
    double odds = Math.log(mean / (1 - mean));
    return Double.isFinite(half)
        ? new Interval(share(odds - half), share(odds + half))
        : Interval.UNDEFINED;
  }

  private static double share(double logOdds) {
    return 1 / (1 + Math.exp(-logOdds));
  }

  /** Half of Student's interval; NaN for one value. */
  private double halfWidth() {
    return meanInterval.defined() ? (meanInterval.high() - meanInterval.low()) / 2 : Double.NaN;
  }

  /**
   * The largest rank from either end whose value lies beyond the median with a probability of at
   * most 2.5 %.
   */
  private static int medianRank(int n) {
    int rank = 1;
    while (rank < (n + 1) / 2 && below(n, rank + 1) <= Samples.ALPHA / 2) {
      rank++;
    }
    return rank;
  }

  /** The probability that fewer values than the rank lie below the median. */
  private static double below(int n, int rank) {
    return new BinomialDistribution(null, n, 0.5).cumulativeProbability(rank - 1);
  }

  private static List<Double> outliers(double[] values) {
    double lower = quantile(values, 25);
    double upper = quantile(values, 75);
    double reach = FENCE * (upper - lower);
    return Arrays.stream(values)
        .filter(v -> v < lower - reach || v > upper + reach)
        .boxed()
        .toList();
  }

  private static double quantile(double[] values, double percent) {
    return new Percentile().withEstimationType(EstimationType.R_7).evaluate(values, percent);
  }
}
