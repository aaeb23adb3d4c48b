package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.statistics.Holm;
import io.github.tornadodiffusion.experiments.statistics.PairedComparison;
import io.github.tornadodiffusion.experiments.study.StudyResults.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The comparison of an arm with the first one in one figure, in pairs of the same seed; lower is
 * better in every figure.
 *
 * @param pairs the values of the arm minus those of the first one
 * @param holm the p-value of the paired t test, corrected for all comparisons
 */
record StudyComparison(
    Metric metric, StudyArm arm, StudyArm first, PairedComparison pairs, double holm) {
  /** A difference counts as detected below this. */
  static final double LEVEL = 0.05;

  /** All arms except the first in all figures, as far as there are pairs. */
  static List<StudyComparison> all(StudyResults results) {
    List<StudyComparison> plain = new ArrayList<>();
    StudyArm first = results.arms().getFirst();
    for (Metric metric : results.tested()) {
      for (StudyArm arm : results.arms().subList(1, results.arms().size())) {
        double[] theirs = results.values(arm, metric);
        double[] firsts = results.values(first, metric);
        int[] there =
            IntStream.range(0, results.seeds())
                .filter(i -> Double.isFinite(theirs[i] - firsts[i]))
                .toArray();
        if (there.length > 0) {
          PairedComparison pairs =
              PairedComparison.of(chosen(theirs, there), chosen(firsts, there));
          plain.add(new StudyComparison(metric, arm, first, pairs, Double.NaN));
        }
      }
    }
    double[] adjusted = Holm.adjust(plain.stream().mapToDouble(c -> c.pairs.pairedT()).toArray());
    List<StudyComparison> corrected = new ArrayList<>();
    for (int i = 0; i < adjusted.length; i++) {
      StudyComparison c = plain.get(i);
      corrected.add(new StudyComparison(c.metric, c.arm, c.first, c.pairs, adjusted[i]));
    }
    return corrected;
  }

  private static double[] chosen(double[] values, int[] which) {
    return IntStream.of(which).mapToDouble(i -> values[i]).toArray();
  }

  /** Whether there is a difference beyond chance. */
  boolean detected() {
    return holm < LEVEL;
  }

  /** The result as a sentence. */
  String sentence() {
    boolean better = pairs.meanDifference() < 0;
    return String.format(
        Locale.ROOT,
        "`%s` is **%s** than `%s` in %s: its values are %s by %s on average, 95 %% interval of the"
            + " difference %s to %s, p = %s after Holm's correction.",
        arm.name(),
        better ? "better" : "worse",
        first.name(),
        metric.label(),
        better ? "lower" : "higher",
        Numbers.general(Math.abs(pairs.meanDifference())),
        Numbers.general(pairs.meanInterval().low()),
        Numbers.general(pairs.meanInterval().high()),
        Numbers.p(holm));
  }
}
