package io.github.tornadodiffusion.experiments.statistics;

import java.util.Arrays;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;

/**
 * Finds where a series of measurements becomes steady, by the marginal standard error rule: as many
 * leading values are cut off as minimise the standard error of the mean of the rest (White, "An
 * effective truncation heuristic for bias reduction in simulation output", Simulation 69, 1997).
 * Long series are averaged in batches of five first, which is MSER-5 (White, Cobb and Spratt, "A
 * comparison of five steady-state truncation heuristics for simulation", 2000).
 *
 * <p>At most half of the series is cut; a result near half means that it never became steady. Two
 * things keep the rule from cutting steady series: a running median first removes single values and
 * pairs, such as pauses of the garbage collector, and the mean of what would be cut must differ
 * from that of the rest by more than three standard errors.
 */
public final class WarmUp {
  private static final int LEAST = 4;
  private static final int BATCH = 5;

  /** Fewer batches than this are too few; then single values are used. */
  private static final int LEAST_BATCHES = 20;

  /** The reach of the running median to each side. */
  private static final int REACH = 2;

  private static final double FENCE = 1.5;
  private static final double STANDARD_ERRORS = 3;
  private static final double ROUNDING = 1e-12;

  private WarmUp() {}

  /**
   * How many leading values are warm-up.
   *
   * @param times measurements in their order
   * @return 0 for a series that is steady from the start, or too short (under four) to tell
   * @throws IllegalArgumentException for NaN or infinite values
   */
  public static int length(double[] times) {
    if (times.length < LEAST) {
      return 0;
    }
    Samples.check("the series", times);
    int size = times.length >= BATCH * LEAST_BATCHES ? BATCH : 1;
    double[] means = batches(withoutSpikes(times), size);
    int cut = leastError(means);
    cut = withoutWhatFits(cut, batches(times, size), steady(times, size * cut, size));
    double[] rest = steady(times, size * cut, size);
    return differs(Arrays.copyOf(means, cut), rest) ? size * cut : 0;
  }

  /** What remains, in batches, after cutting a number of values. */
  private static double[] steady(double[] times, int cut, int size) {
    return batches(withinFences(Arrays.copyOfRange(times, cut, times.length)), size);
  }

  /**
   * Running medians are smoother than the values, so the rule cuts too much: restores the last
   * values of the cut that are like the rest.
   */
  private static int withoutWhatFits(int cut, double[] values, double[] rest) {
    double slack = (StatUtils.max(rest) - StatUtils.min(rest)) / 2;
    double least = StatUtils.min(rest) - slack;
    double most = StatUtils.max(rest) + slack;
    int shorter = cut;
    while (shorter > 0 && values[shorter - 1] >= least && values[shorter - 1] <= most) {
      shorter--;
    }
    return shorter;
  }

  private static int leastError(double[] means) {
    int best = 0;
    for (int cut = 1; cut <= means.length / 2; cut++) {
      if (squaredError(means, cut) < squaredError(means, best)) {
        best = cut;
      }
    }
    return best;
  }

  /**
   * Whether the mean of what would be cut differs from the rest by more standard errors than noise
   * would.
   */
  private static boolean differs(double[] cut, double[] rest) {
    if (cut.length == 0) {
      return false;
    }
    double mean = StatUtils.mean(rest);
    double deviation = Math.sqrt(StatUtils.variance(rest));
    double noise = STANDARD_ERRORS * deviation / Math.sqrt(cut.length) + ROUNDING * Math.abs(mean);
    return Math.abs(StatUtils.mean(cut) - mean) > noise;
  }

  /** The squared marginal standard error of the values from an index on. */
  private static double squaredError(double[] values, int cut) {
    int rest = values.length - cut;
    return StatUtils.populationVariance(values, cut, rest) / rest;
  }

  /**
   * The running median of five values, of fewer at the ends. The window never reaches further ahead
   * than back, so that a slow first run remains visible.
   */
  private static double[] withoutSpikes(double[] times) {
    double[] medians = new double[times.length];
    for (int i = 0; i < times.length; i++) {
      int reach = Math.min(i, REACH);
      int end = Math.min(times.length, i + reach + 1);
      medians[i] = StatUtils.percentile(times, i - reach, end - i + reach, 50);
    }
    return medians;
  }

  /** The values, limited to Tukey's fences. */
  private static double[] withinFences(double[] times) {
    Percentile quartiles = new Percentile().withEstimationType(EstimationType.R_7);
    double lower = quartiles.evaluate(times, 25);
    double upper = quartiles.evaluate(times, 75);
    double reach = FENCE * (upper - lower);
    return reach == 0
        ? times
        : Arrays.stream(times).map(t -> Math.clamp(t, lower - reach, upper + reach)).toArray();
  }

  /** Means of consecutive values; an incomplete last batch is left out. */
  private static double[] batches(double[] values, int size) {
    double[] means = new double[values.length / size];
    for (int i = 0; i < means.length; i++) {
      means[i] = StatUtils.mean(values, i * size, size);
    }
    return means;
  }
}
