package io.github.tornadodiffusion.experiments.study;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.study.StudyResults.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The report of a {@link TrainingStudy}. */
final class StudyReport {
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
    if (data.configured(TrainingStudy.IMAGES).isString()) {
      rows.add(List.of("images", data.configured(TrainingStudy.IMAGES).asString()));
    }
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
    StudyDifferencesSection.addTo(report, results, comparisons);
    StudyDenoisingSection.addTo(report, results);
    StudySamplesSection.addTo(report, results);
    report.heading("Time");
    times();
    return report;
  }

  private void times() {
    StudyMeans means = new StudyMeans(results);
    int steps = results.sampleSteps().getLast();
    report.table(
        Table.of(
            "Seconds of wall time a model: mean over the seeds with 95 % interval.",
            results.arms(),
            column("model", arm -> "`%s`".formatted(arm.name())),
            column("training", arm -> means.cell(arm, time("training_seconds"))),
            column("denoising held-out images", arm -> means.cell(arm, time("evaluation_seconds"))),
            column(
                "sampling with %d steps".formatted(steps),
                arm -> means.cell(arm, StudyResults.quality("", "sampling_seconds", steps)))));
  }

  private static Metric time(String column) {
    return new Metric("", "", "times", r -> true, column);
  }
}
