package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.study.StudyResults.Metric;
import java.util.ArrayList;
import java.util.List;

/** The parts of a {@link StudyReport} on training and on denoising held-out images. */
record StudyDenoisingSection(StudyResults results, StudyMeans means, Report report) {
  private static final String LOG_SNR = "log-SNR, ln(signal² / noise²)";

  /** Adds both parts. */
  static void addTo(Report report, StudyResults results) {
    StudyDenoisingSection section =
        new StudyDenoisingSection(results, new StudyMeans(results), report);
    report.heading("Training");
    section.losses();
    report.heading("Denoising held-out images");
    section.denoising();
  }

  private void losses() {
    Chart chart =
        Chart.lines("loss", "Training loss", "training step", "mean squared error").logY();
    for (StudyArm arm : results.arms()) {
      double[] steps = means.column("loss", "step", arm);
      chart =
          means.series(
              chart,
              arm,
              steps,
              i -> {
                double step = steps[i];
                return new Metric("loss", "", "loss", row -> row.number("step") == step, "loss");
              });
    }
    report.chart(
        chart.caption(
            "Mean over the seeds with 95 % interval. Models that predict something else, or have"
                + " other noise, have losses that do not say which is better."));
  }

  private void denoising() {
    Chart noise =
        Chart.lines("noise-error", "Error of the predicted noise", LOG_SNR, "mean squared error")
            .logY();
    Chart original =
        Chart.lines("image-error", "Error of the predicted image", LOG_SNR, "mean squared error")
            .logY();
    for (StudyArm arm : results.arms()) {
      double[] x = means.column("error_by_log_snr", "log_snr", arm);
      noise = means.series(noise, arm, x, i -> errorAt(x[i], "noise_error"));
      original = means.series(original, arm, x, i -> errorAt(x[i], "original_error"));
    }
    report.chart(
        noise.caption(
            "At the timestep that is nearest to a log-SNR, so that schedules are compared at the"
                + " same amount of noise: much of it at the left. Mean over the seeds with 95 %"
                + " interval."));
    report.chart(original.caption("The same predictions, as the image that they amount to."));
    List<List<String>> rows = new ArrayList<>();
    for (int quarter = 1; quarter <= 4; quarter++) {
      int which = quarter;
      List<String> row = new ArrayList<>(List.of("quarter %d of the timesteps".formatted(quarter)));
      for (StudyArm arm : results.arms()) {
        row.add(
            means.cell(
                arm,
                new Metric(
                    "", "", "error_by_quarter", r -> r.number("quarter") == which, "noise_error")));
      }
      rows.add(row);
    }
    report.table(
        new Table(
            "Mean squared error of the noise by timesteps, the first quarter with the least noise."
                + " Schedules have different noise at a timestep, so this tells what a model learns"
                + " of its own schedule.",
            means.header("timesteps"),
            rows));
  }

  private static Metric errorAt(double logSnr, String column) {
    return new Metric("", "", "error_by_log_snr", row -> row.number("log_snr") == logSnr, column);
  }
}
