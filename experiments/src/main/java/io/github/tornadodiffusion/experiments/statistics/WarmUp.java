package io.github.tornadodiffusion.experiments.statistics;

import java.util.Arrays;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;

/**
 * Where a series of measurements becomes steady, by the marginal standard error rule: the leading
 * values are cut off whose loss makes the standard error of the mean of the rest least (White, "An
 * effective truncation heuristic for bias reduction in simulation output", Simulation 69, 1997).
 * Long series are averaged in batches of five first, which is MSER-5 (White, Cobb and Spratt, "A
 * comparison of five steady-state truncation heuristics for simulation", 2000).
 *
 * <p>At most half of the series is ever cut; a result near that half says that it never became
 * steady. Single spikes, such as a pause of the garbage collector, are drawn in to three
 * interquartile ranges from the quartiles of the second half, so that they cannot stand for a
 * change.
 */
public final class WarmUp {
  private static final int LEAST = 4;
  private static final int BATCH = 5;

  /** Fewer batches than this say too little; then single values are looked at. */
  private static final int LEAST_BATCHES = 10;

  private static final double FAR = 3;

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
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int cut = 0; cut <= means.length / 2; cut++) {
      double error = squaredError(means, cut);
      // A steady series of equal values has rounding errors only.
      if (error < least * (1 - 1e-9)) {
        least = error;
        best = cut;
      }
    }
    return best * size;
  }

  /** The squared marginal standard error of the values from an index on. */
  private static double squaredError(double[] values, int cut) {
    int rest = values.length - cut;
    return StatUtils.populationVariance(values, cut, rest) / rest;
  }

  private static double[] withoutSpikes(double[] times) {
    double[] half = Arrays.copyOfRange(times, times.length / 2, times.length);
    Percentile quartiles = new Percentile().withEstimationType(EstimationType.R_7);
    double lower = quartiles.evaluate(half, 25);
    double upper = quartiles.evaluate(half, 75);
    double reach = FAR * (upper - lower);
    return reach == 0
        ? times
        : Arrays.stream(times).map(t -> Math.clamp(t, lower - reach, upper + reach)).toArray();
  }

  /** Means of values in a row; the last ones, if they fill no batch, are left out. */
  private static double[] batches(double[] values, int size) {
    double[] means = new double[values.length / size];
    for (int i = 0; i < means.length; i++) {
      means[i] = StatUtils.mean(values, i * size, size);
    }
    return means;
  }
}
