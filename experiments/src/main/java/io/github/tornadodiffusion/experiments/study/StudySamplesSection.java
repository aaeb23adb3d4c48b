package io.github.tornadodiffusion.experiments.study;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The part of a {@link StudyReport} on the images that the models produce. */
record StudySamplesSection(StudyResults results, StudyMeans means, Report report) {
  /** Adds the part. */
  static void addTo(Report report, StudyResults results) {
    StudySamplesSection section = new StudySamplesSection(results, new StudyMeans(results), report);
    report.heading("Samples");
    section.features();
    section.qualities();
    section.pictures();
    section.memorising();
  }

  private void features() {
    Optional<Row> features = results.first("features");
    if (features.isEmpty()) {
      report.paragraph(FeatureSpace.MISSING);
      return;
    }
    Row row = features.get();
    report.paragraph(
        String.format(
            Locale.ROOT,
            "Distances are in the %.0f features of a classifier that this program trained on the"
                + " training images; it names the class of %s of the held-out images. They must not"
                + " be set beside published distances, which are in the features of Inception. Real"
                + " images set the scale: %.0f of the training images are at a Fréchet distance of"
                + " %s and a kernel distance of %s from the held-out ones.",
            row.number("features"),
            Numbers.percent(row.number("classifier_accuracy")),
            row.number("real_images"),
            Numbers.general(row.number("fid")),
            Numbers.general(row.number("kid"))));
  }

  private void qualities() {
    if (!results.hasFeatures()) {
      return;
    }
    Row real = results.first("features").orElseThrow();
    report.chart(
        quality("frechet", "Fréchet distance to held-out images", "Fréchet distance", "fid")
            .logY()
            .caption(
                "Mean over the seeds with 95 %% interval; real images are at %s."
                    .formatted(Numbers.general(real.number("fid")))));
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
                at(steps, arm, "fid"),
                at(steps, arm, "kid"),
                at(steps, arm, "kid_deviation")));
      }
    }
    report.table(
        new Table(
            "Means over the seeds with 95 % interval; the spread is the standard deviation of the"
                + " kernel distance over subsets of one model's samples.",
            List.of("steps", "model", "Fréchet distance", "kernel distance", "its spread"), rows));
  }

  private Chart quality(String name, String title, String label, String column) {
    double[] x = results.sampleSteps().stream().mapToDouble(Integer::doubleValue).toArray();
    Chart chart = Chart.lines(name, title, "sampling steps", label).logX();
    for (StudyArm arm : results.arms()) {
      chart = means.series(chart, arm, x, i -> StudyResults.quality("", column, (int) x[i]));
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
      report.paragraph("The pictures of samples are damaged: " + Messages.line(e.getMessage()));
    }
  }

  private void memorising() {
    int steps = results.sampleSteps().getLast();
    report.table(
        Table.of(
            ("Does the model repeat training images? Root mean squared difference of the values to"
                    + " the nearest training image, after %d steps. Near is what is nearer than 99"
                    + " %% of the held-out images are; a model that makes new images has a share of"
                    + " about 0.01.")
                .formatted(steps),
            results.arms(),
            column("model", arm -> "`%s`".formatted(arm.name())),
            column("median of samples", arm -> at(steps, arm, "generated_median_distance")),
            column("median of held-out images", arm -> at(steps, arm, "held_out_median_distance")),
            column("share near", arm -> at(steps, arm, "near_share"))));
  }

  private String at(int steps, StudyArm arm, String column) {
    return means.cell(arm, StudyResults.quality("", column, steps));
  }
}
