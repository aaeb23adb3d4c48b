package io.github.tornadodiffusion.experiments.statistics;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.ranking.NaNStrategy;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;

/**
 * Wilcoxon's signed ranks of differences, without those that are zero (Wilcoxon 1945).
 *
 * <p>Commons Math has the test, but it ranks zero differences, ignores ties in its normal
 * approximation, and enumerates all 2<sup>n</sup> signs in its exact one.
 */
final class SignedRanks {
  /** From this number on the normal approximation is used, as in R's wilcox.test. */
  private static final int APPROXIMATE = 50;

  private final double[] sizes;
  private final double positive;
  private final double total;

  SignedRanks(double[] differences) {
    double[] kept = Arrays.stream(differences).filter(d -> d != 0).toArray();
    sizes = Arrays.stream(kept).map(Math::abs).toArray();
    double[] ranks = ranks(sizes);
    double sum = 0;
    for (int i = 0; i < kept.length; i++) {
      sum += kept[i] > 0 ? ranks[i] : 0;
    }
    positive = sum;
    total = kept.length * (kept.length + 1) / 2.0;
  }

  private static double[] ranks(double[] sizes) {
    return sizes.length == 0
        ? sizes
        : new NaturalRanking(NaNStrategy.FAILED, TiesStrategy.AVERAGE).rank(sizes);
  }

  /**
   * The matched-pairs rank-biserial correlation: the ranks of positive minus those of negative
   * differences, divided by the sum of all (Kerby 2014); NaN if all differences are zero.
   */
  double rankBiserial() {
    return (2 * positive - total) / total;
  }

  /**
   * The two-sided p-value: exact below 50 differences without ties, else from the normal
   * approximation with corrections for ties and continuity; NaN if all differences are zero.
   */
  double p() {
    if (sizes.length == 0) {
      return Double.NaN;
    }
    Map<Double, Integer> ties = new TreeMap<>();
    Arrays.stream(sizes).forEach(size -> ties.merge(size, 1, Integer::sum));
    return sizes.length < APPROXIMATE && ties.size() == sizes.length
        ? exact()
        : approximate(ties.values());
  }

  /** Counts, rank by rank, for how many of the 2<sup>n</sup> signs the ranks have each sum. */
  private double exact() {
    double[] ways = new double[(int) total + 1];
    ways[0] = 1;
    for (int rank = 1; rank <= sizes.length; rank++) {
      for (int sum = ways.length - 1; sum >= rank; sum--) {
        ways[sum] += ways[sum - rank];
      }
    }
    int smaller = (int) Math.min(positive, total - positive);
    double tail = Arrays.stream(ways, 0, smaller + 1).sum() / Math.pow(2, sizes.length);
    return Math.min(1, 2 * tail);
  }

  private double approximate(Iterable<Integer> ties) {
    double n = sizes.length;
    double variance = n * (n + 1) * (2 * n + 1) / 24;
    for (double tied : ties) {
      variance -= (tied * tied * tied - tied) / 48;
    }
    double away = Math.max(0, Math.abs(positive - total / 2) - 0.5);
    double below =
        new NormalDistribution(null, 0, 1).cumulativeProbability(-away / Math.sqrt(variance));
    return Math.min(1, 2 * below);
  }
}
