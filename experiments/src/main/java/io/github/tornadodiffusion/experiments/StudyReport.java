package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.StudyResults.Metric;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.statistics.Interval;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The report of a {@link TrainingStudy}. */
final class StudyReport {
  private static final String LOG_SNR = "log-SNR, ln(signal² / noise²)";

  private final StudyResults results;
  private final List<StudyComparison> comparisons;
  private final Report report;

  private StudyReport(StudyResults results, String title) {
    this.results = results;
    comparisons = StudyComparison.all(results);
    report = new Report(title);
  }

  /** The report of experiment schedules. */
  static Report schedules(ExperimentData data) {
    StudyReport study = new StudyReport(new StudyResults(data), "Noise schedules");
    study.begin(
        "Which noise schedule makes the better diffusion model, all else being equal?",
        "schedules");
    ScheduleCurves.of(study.results.arms(), study.timesteps()).addTo(study.report);
    return study.end();
  }

  /** The report of experiment prediction. */
  static Report prediction(ExperimentData data) {
    StudyReport study = new StudyReport(new StudyResults(data), "What the model predicts");
    study.begin(
        "Should the model predict the noise (`epsilon`), the image (`sample`), a mixture of both"
            + " (`v_prediction`), or the noise together with the variance of a step"
            + " (`learned_range`)?",
        "predictions");
    return study.end();
  }

  private int timesteps() {
    return results.data().configured("training").path("num_train_timesteps").asInt();
  }

  private void begin(String question, String what) {
    report.heading("Question and answer").paragraph(question);
    conclusion().forEach(report::paragraph);
    report.heading("Design");
    report.paragraph(design(what));
    report.table(new Table("What was trained and measured.", List.of("setting", "value"), setup()));
  }

  private List<String> conclusion() {
    int expected = results.arms().size() * results.seeds();
    List<String> sentences = new ArrayList<>();
    if (results.done() < expected) {
      sentences.add(
          "**The experiment is not complete:** %d of %d models are done; what follows is made of"
                  .formatted(results.done(), expected)
              + " these alone.");
    }
    List<StudyComparison> detected =
        comparisons.stream().filter(StudyComparison::detected).toList();
    detected.forEach(c -> sentences.add(c.sentence()));
    for (StudyArm arm : results.arms().subList(1, results.arms().size())) {
      String others =
          comparisons.stream()
              .filter(c -> c.arm().equals(arm) && !c.detected())
              .map(c -> c.metric().label())
              .collect(Collectors.joining("; "));
      if (!others.isEmpty()) {
        sentences.add(
            "No difference between `%s` and `%s` was detected in: %s. That is no proof of equality;"
                    .formatted(arm.name(), results.names().getFirst(), others)
                + " the intervals below say how large a difference may be.");
      }
    }
    if (comparisons.isEmpty()) {
      sentences.add("No seed has two models yet, so nothing can be compared.");
    }
    return sentences;
  }

  private String design(String what) {
    return ("For every seed one model is trained with each of the %s. The models of a seed begin"
            + " with the same initial parameters and see the same images in the same order with"
            + " the same timesteps and the same noise; they are measured with the same noise and"
            + " sampled from the same noise. So the models of a seed make a pair, and differences"
            + " are taken within pairs. Quality is measured on images that were held out, which"
            + " neither the models nor the classifier saw. Of every figure lower is better.")
        .formatted(what);
  }

  private List<List<String>> setup() {
    ExperimentData data = results.data();
    var training = data.configured("training");
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("preset", training.path("preset").asString()));
    rows.add(
        List.of(
            "data",
            "%s: %d images for training, %d held out"
                .formatted(
                    training.path("data").asString(),
                    data.configured("training_images").asInt(),
                    data.configured("held_out_images").asInt())));
    rows.add(
        List.of(
            "training",
            "%d steps of %d images"
                .formatted(training.path("steps").asInt(), training.path("batch").asInt())));
    rows.add(List.of("seeds", "0 to %d".formatted(results.seeds() - 1)));
    rows.add(
        List.of(
            "samples",
            "%d a model and number of steps, by %s"
                .formatted(
                    data.configured("samples").asInt(), data.configured("scheduler").asString())));
    rows.add(
        List.of(
            "variational bound",
            "of %d held-out images at %d of %d timesteps, %d levels a value"
                .formatted(
                    data.configured("denoised_images").asInt(),
                    data.configured("bound_timesteps").asInt(),
                    timesteps(),
                    data.configured("levels").asInt())));
    rows.add(List.of("device", "`%s`".formatted(data.configured("device").asString())));
    return rows;
  }

  private Report end() {
    report.heading("Results");
    means();
    differences();
    report.heading("Training");
    losses();
    report.heading("Denoising held-out images");
    denoising();
    report.heading("Samples");
    features();
    qualities();
    pictures();
    memorising();
    report.heading("Time");
    times();
    return report;
  }

  private void means() {
    List<List<String>> rows = new ArrayList<>();
    for (Metric metric : results.tested()) {
      List<String> row = new ArrayList<>(List.of(metric.label()));
      results.arms().forEach(arm -> row.add(cell(arm, metric)));
      rows.add(row);
    }
    report.table(
        new Table(
            "Mean over the seeds with its 95 % interval (Student's t). The error of the noise is"
                + " the mean over the log-SNRs that all reach.",
            header("figure"), rows));
  }

  private List<String> header(String first) {
    return Stream.concat(Stream.of(first), results.names().stream().map("`%s`"::formatted))
        .toList();
  }

  private String cell(StudyArm arm, Metric metric) {
    return results
        .summary(arm, metric)
        .map(summary -> Cells.number(summary.mean(), summary.meanInterval()))
        .orElse(Cells.NONE);
  }

  private void differences() {
    for (StudyArm arm : results.arms().subList(1, results.arms().size())) {
      differences(arm);
    }
    report.paragraph(
        "Wilcoxon's signed-rank test knows the order of the differences alone: with %d pairs its p"
                .formatted(results.seeds())
            + " cannot be below %s, however clear a difference is."
                .formatted(Cells.number(Math.pow(2, 1.0 - results.seeds()))));
  }

  private void differences(StudyArm arm) {
    List<List<String>> rows = new ArrayList<>();
    for (StudyComparison c : comparisons) {
      if (c.arm().equals(arm)) {
        rows.add(
            List.of(
                c.metric().label(),
                Integer.toString(c.pairs().n()),
                Cells.number(c.pairs().meanDifference(), c.pairs().meanInterval()),
                Cells.number(c.pairs().cohensD()),
                Cells.p(c.pairs().pairedT()),
                Cells.p(c.pairs().wilcoxon()),
                Cells.p(c.holm())));
      }
    }
    report.table(
        new Table(
            "`%s` − `%s`: means of the differences within pairs, with 95 %% interval; d is the mean in"
                    .formatted(arm.name(), results.names().getFirst())
                + " standard deviations. The last column is the t test's p after Holm's correction"
                + " for all comparisons: below %s counts as detected."
                    .formatted(Cells.p(StudyComparison.LEVEL)),
            List.of("figure", "pairs", "difference", "d", "p (t test)", "p (Wilcoxon)", "p (Holm)"),
            rows));
  }

  private void losses() {
    Chart chart =
        Chart.lines("loss", "Training loss", "training step", "mean squared error").logY();
    for (StudyArm arm : results.arms()) {
      double[] steps = column("loss", "step", arm);
      chart =
          series(
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
            "Mean over the seeds with 95 % interval. The losses of different schedules are means"
                + " over different noise and do not say which is better."));
  }

  /** The different values of a column in the rows of an arm, in their order. */
  private double[] column(String table, String name, StudyArm arm) {
    return results.data().table(table).stream()
        .filter(row -> isOf(row, arm))
        .mapToDouble(row -> row.number(name))
        .distinct()
        .toArray();
  }

  private boolean isOf(Row row, StudyArm arm) {
    return IntStream.range(0, results.seeds())
        .anyMatch(seed -> row.unit().equals(StudyUnit.key(seed, arm.name())));
  }

  /** Adds the means of an arm over the seeds with their intervals. */
  private Chart series(Chart chart, StudyArm arm, double[] x, IntFunction<Metric> metric) {
    double[] y = new double[x.length];
    Interval[] intervals = new Interval[x.length];
    for (int i = 0; i < x.length; i++) {
      Optional<Summary> summary = results.summary(arm, metric.apply(i));
      y[i] = summary.map(Summary::mean).orElse(Double.NaN);
      intervals[i] = summary.map(Summary::meanInterval).orElse(Interval.UNDEFINED);
    }
    return chart.series(arm.name(), x, y, intervals);
  }

  private void denoising() {
    Chart noise =
        Chart.lines("noise-error", "Error of the predicted noise", LOG_SNR, "mean squared error")
            .logY();
    Chart original =
        Chart.lines("image-error", "Error of the predicted image", LOG_SNR, "mean squared error")
            .logY();
    for (StudyArm arm : results.arms()) {
      double[] x = column("error_by_log_snr", "log_snr", arm);
      noise = series(noise, arm, x, i -> errorAt(x[i], "noise_error"));
      original = series(original, arm, x, i -> errorAt(x[i], "original_error"));
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
            cell(
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
            header("timesteps"),
            rows));
  }

  private static Metric errorAt(double logSnr, String column) {
    return new Metric("", "", "error_by_log_snr", row -> row.number("log_snr") == logSnr, column);
  }

  private void features() {
    Optional<Row> features = results.first("features");
    if (features.isEmpty()) {
      report.paragraph(
          "The data has no classes to train a classifier on, so there are no features to compare"
              + " samples in: the Frechet and the kernel distance are left out.");
      return;
    }
    Row row = features.get();
    report.paragraph(
        String.format(
            Locale.ROOT,
            "Distances are in the %.0f features of a classifier that this program trained on the"
                + " training images; it names the class of %s of the held-out images. They must not"
                + " be set beside published distances, which are in the features of Inception. Real"
                + " images set the scale: %.0f of the training images are at a Frechet distance of"
                + " %s and a kernel distance of %s from the held-out ones.",
            row.number("features"),
            Cells.percent(row.number("classifier_accuracy")),
            row.number("real_images"),
            Cells.number(row.number("fid")),
            Cells.number(row.number("kid"))));
  }

  private void qualities() {
    if (!results.hasFeatures()) {
      return;
    }
    Row real = results.first("features").orElseThrow();
    report.chart(
        quality("frechet", "Frechet distance to held-out images", "Frechet distance", "fid")
            .logY()
            .caption(
                "Mean over the seeds with 95 %% interval; real images are at %s."
                    .formatted(Cells.number(real.number("fid")))));
    report.chart(
        quality("kernel", "Kernel distance to held-out images", "kernel distance (KID)", "kid")
            .caption(
                "Mean over the seeds with 95 % interval. It is estimated without bias, so that"
                    + " it may be below zero."));
    List<List<String>> rows = new ArrayList<>();
    for (int steps : results.sampleSteps()) {
      for (StudyArm arm : results.arms()) {
        rows.add(
            List.of(
                Integer.toString(steps),
                "`%s`".formatted(arm.name()),
                cell(arm, StudyResults.quality("", "fid", steps)),
                cell(arm, StudyResults.quality("", "kid", steps)),
                cell(arm, StudyResults.quality("", "kid_deviation", steps))));
      }
    }
    report.table(
        new Table(
            "Means over the seeds with 95 % interval; the spread is the standard deviation of the"
                + " kernel distance over subsets of one model's samples.",
            List.of("steps", "model", "Frechet distance", "kernel distance", "its spread"), rows));
  }

  private Chart quality(String name, String title, String label, String column) {
    double[] x = results.sampleSteps().stream().mapToDouble(Integer::doubleValue).toArray();
    Chart chart = Chart.lines(name, title, "sampling steps", label).logX();
    for (StudyArm arm : results.arms()) {
      chart = series(chart, arm, x, i -> StudyResults.quality("", column, (int) x[i]));
    }
    return chart;
  }

  private void pictures() {
    List<Integer> steps = results.sampleSteps();
    for (int shown : steps.size() == 1 ? steps : List.of(steps.getFirst(), steps.getLast())) {
      for (int seed = 0; seed < results.seeds(); seed++) {
        List<byte[]> grids = new ArrayList<>();
        for (StudyArm arm : results.arms()) {
          results
              .data()
              .picture(StudyUnit.key(seed, arm.name()), StudyUnit.picture(shown))
              .ifPresent(grids::add);
        }
        if (grids.size() == results.arms().size()) {
          String order = results.names().stream().collect(Collectors.joining("`, `", "`", "`"));
          picture(
              "samples-%d".formatted(shown),
              grids,
              "Samples after %d steps, seed %d; from left to right %s. The same noise made each"
                      .formatted(shown, seed, order)
                  + " place of the pictures.");
          break;
        }
      }
    }
  }

  private void picture(String name, List<byte[]> grids, String caption) {
    try {
      report.image(name, SideBySide.of(grids), caption);
    } catch (IOException e) {
      report.paragraph("The pictures of samples are damaged: " + Errors.oneLine(e.getMessage()));
    }
  }

  private void memorising() {
    int steps = results.sampleSteps().getLast();
    List<List<String>> rows = new ArrayList<>();
    for (StudyArm arm : results.arms()) {
      rows.add(
          List.of(
              "`%s`".formatted(arm.name()),
              cell(arm, StudyResults.quality("", "generated_median_distance", steps)),
              cell(arm, StudyResults.quality("", "held_out_median_distance", steps)),
              cell(arm, StudyResults.quality("", "near_share", steps))));
    }
    report.table(
        new Table(
            ("Does the model repeat training images? Root mean squared difference of the values to"
                    + " the nearest training image, after %d steps. Near is what is nearer than 99"
                    + " %% of the held-out images are; a model that makes new images has a share of"
                    + " about 0.01.")
                .formatted(steps),
            List.of("model", "median of samples", "median of held-out images", "share near"),
            rows));
  }

  private void times() {
    List<List<String>> rows = new ArrayList<>();
    for (StudyArm arm : results.arms()) {
      List<String> row = new ArrayList<>(List.of("`%s`".formatted(arm.name())));
      for (String column : List.of("training_seconds", "evaluation_seconds")) {
        row.add(cell(arm, new Metric("", "", "times", r -> true, column)));
      }
      row.add(
          cell(arm, StudyResults.quality("", "sampling_seconds", results.sampleSteps().getLast())));
      rows.add(row);
    }
    report.table(
        new Table(
            "Seconds of wall time a model: mean over the seeds with 95 % interval.",
            List.of(
                "model",
                "training",
                "denoising held-out images",
                "sampling with %d steps".formatted(results.sampleSteps().getLast())),
            rows));
  }
}
