package io.github.tornadodiffusion.experiments.statistics;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Holm's step-down correction of several p-values (Holm 1979). */
public final class Holm {
  private Holm() {}

  /**
   * The adjusted p-values: rejecting those below a level keeps the probability of any false
   * rejection below it.
   *
   * @param p p-values from 0 to 1; NaN for undefined tests, which remain NaN and do not count
   * @return as many, in the same order
   * @throws IllegalArgumentException for a number that is not a probability
   */
  public static double[] adjust(double[] p) {
    for (double value : p) {
      if (value < 0 || value > 1) {
        throw new IllegalArgumentException(value + " is no p-value; give numbers from 0 to 1");
      }
    }
    List<Integer> order =
        IntStream.range(0, p.length)
            .filter(i -> !Double.isNaN(p[i]))
            .boxed()
            .sorted(Comparator.comparingDouble(i -> p[i]))
            .toList();
    double[] adjusted = p.clone();
    double largest = 0;
    for (int rank = 0; rank < order.size(); rank++) {
      int i = order.get(rank);
      largest = Math.max(largest, Math.min(1, (order.size() - rank) * p[i]));
      adjusted[i] = largest;
    }
    return adjusted;
  }
}
