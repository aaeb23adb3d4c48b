package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.training.LossCurve;
import io.github.tornadodiffusion.experiments.report.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The loss of a training run, smoothed for a picture.
 *
 * @param rows of the loss curve, in the order of the steps
 */
record SmoothedLoss(List<LossCurve.Row> rows) {
  /** Quarters of the timesteps, starting with the least noise. */
  static final int QUARTILES = 4;

  /** Running means span this share of all steps. */
  private static final int WINDOWS = 40;

  /** More points than a picture has columns would not be visible. */
  private static final int MOST_POINTS = 1000;

  /** Losses further apart than this are drawn by their logarithms. */
  private static final double WIDE = 4;

  /** A line of the picture: loss over steps. */
  record Line(double[] steps, double[] losses) {}

  SmoothedLoss {
    rows = List.copyOf(rows);
  }

  /** The running mean of the loss over the preceding steps. */
  Line mean() {
    return smoothed(rows.stream().mapToDouble(LossCurve.Row::loss).toArray());
  }

  /** The running mean of one quartile, counted from 0. */
  Line quartile(int quartile) {
    return smoothed(rows.stream().mapToDouble(row -> row.quartiles().get(quartile)).toArray());
  }

  /**
   * The picture: the loss and that of each quartile, over the steps.
   *
   * @param timesteps T, for the names of the quartiles
   */
  Chart chart(String title, int timesteps) {
    Line all = mean();
    boolean logarithmic = isLogarithmic();
    Chart chart =
        Chart.lines(
            "loss", title, "Step", "Mean squared error" + (logarithmic ? " (log scale)" : ""));
    chart = logarithmic ? chart.logY() : chart;
    chart = chart.series("all timesteps", all.steps(), all.losses());
    for (int quartile = 0; quartile < QUARTILES; quartile++) {
      Line line = quartile(quartile);
      if (line.steps().length > 0) {
        int from = quartile * timesteps / QUARTILES;
        int to = (quartile + 1) * timesteps / QUARTILES - 1;
        chart = chart.series("%d to %d".formatted(from, to), line.steps(), line.losses());
      }
    }
    return chart;
  }

  /**
   * Whether the picture has a scale of powers of ten. On that of a short run none could be
   * labelled.
   */
  boolean isLogarithmic() {
    Line line = mean();
    double least = Arrays.stream(line.losses).min().orElse(1);
    double most = Arrays.stream(line.losses).max().orElse(1);
    return least > 0 && most >= WIDE * least;
  }

  private Line smoothed(double[] values) {
    int window = Math.max(1, values.length / WINDOWS);
    int every = Math.max(1, values.length / MOST_POINTS);
    List<double[]> line = new ArrayList<>();
    double sum = 0;
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i])) {
        sum += values[i];
        count++;
      }
      int leaving = i - window;
      if (leaving >= 0 && !Double.isNaN(values[leaving])) {
        sum -= values[leaving];
        count--;
      }
      if (count > 0 && (i % every == 0 || i == values.length - 1)) {
        line.add(new double[] {rows.get(i).step(), sum / count});
      }
    }
    return new Line(
        line.stream().mapToDouble(p -> p[0]).toArray(),
        line.stream().mapToDouble(p -> p[1]).toArray());
  }
}
