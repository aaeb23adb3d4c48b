package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.training.LossCurve;
import java.util.Arrays;
import java.util.List;

/** The last losses of a training as a line of bars, for a terminal. */
final class LossBars {
  private static final String BARS = "▁▂▃▄▅▆▇█";

  /** A bar is the mean of at most so many steps. */
  private static final int MOST_STEPS = 10;

  private LossBars() {}

  /** Whether the terminal shows such characters. */
  static boolean areShown() {
    return "UTF-8"
        .equals(System.getProperty("stderr.encoding", System.getProperty("native.encoding")));
  }

  /**
   * The bars, the newest last, from the least loss of them to the largest.
   *
   * @param width at most so many
   * @return empty if there are fewer than two losses
   */
  static String of(List<LossCurve.Row> rows, int width) {
    int steps = Math.clamp(Math.ceilDiv(rows.size(), width), 1, MOST_STEPS);
    int count = Math.min(width, rows.size() / steps);
    if (count < 2) {
      return "";
    }
    double[] means = new double[count];
    int first = rows.size() - count * steps;
    for (int i = 0; i < count; i++) {
      means[i] =
          rows.subList(first + i * steps, first + (i + 1) * steps).stream()
              .mapToDouble(LossCurve.Row::loss)
              .average()
              .orElseThrow();
    }
    double least = Arrays.stream(means).min().orElseThrow();
    double range = Arrays.stream(means).max().orElseThrow() - least;
    StringBuilder bars = new StringBuilder();
    for (double mean : means) {
      double share = range > 0 ? (mean - least) / range : 0;
      bars.append(BARS.charAt((int) Math.round(share * (BARS.length() - 1))));
    }
    return bars.toString();
  }
}
