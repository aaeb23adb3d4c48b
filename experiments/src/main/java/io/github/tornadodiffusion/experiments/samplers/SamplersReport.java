package io.github.tornadodiffusion.experiments.samplers;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.Figures;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.statistics.Interval;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import io.github.tornadodiffusion.experiments.study.FeatureSpace;
import io.github.tornadodiffusion.experiments.study.TrainingStudy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The report of {@link SamplersExperiment}. */
final class SamplersReport {
  private final ExperimentData data;
  private final Report report = new Report("Samplers");
  private final List<String> schedulers = new ArrayList<>();
  private final List<Integer> sampleSteps = new ArrayList<>();
  private final int seeds;

  private SamplersReport(ExperimentData data) {
    this.data = data;
    data.configured("schedulers").forEach(name -> schedulers.add(name.asString()));
    data.configured("sample_steps").forEach(steps -> sampleSteps.add(steps.asInt()));
    seeds = data.configured("seeds").asInt();
  }

  /** The report of all existing rows. */
  static Report of(ExperimentData data) {
    SamplersReport samplers = new SamplersReport(data);
    samplers.begin();
    samplers.charts();
    samplers.table();
    samplers.pictures();
    return samplers.report;
  }

  private boolean hasFeatures() {
    return !data.table("features").isEmpty();
  }

  private void begin() {
    report.heading("Question and answer");
    report.paragraph(
        "Which sampler makes the best images with few calls of the model, and in little time?");
    sampleSteps.forEach(steps -> best(steps).ifPresent(report::paragraph));
    report.heading("Design");
    var training = data.configured("training");
    report.paragraph(
        ("One model %s samples %d images from the same noise with every sampler and number of"
                + " steps, for the seeds 0 to %d of the noise. The quality is the distance of these"
                + " images from %d that were held out. The reference is what %d steps of DDIM make"
                + " of the same noise: samplers that add no noise of their own come close to it"
                + " with many steps, the others need not.")
            .formatted(
                data.configured("trained").asBoolean()
                    ? "of the preset %s, trained in %d steps with seed 0,"
                        .formatted(
                            training.path("preset").asString(), training.path("steps").asInt())
                    : "that was given with --model",
                data.configured("samples").asInt(),
                seeds - 1,
                data.configured("held_out_images").asInt(),
                data.configured("reference_steps").asInt()));
    if (data.configured(TrainingStudy.IMAGES).isString()) {
      report.paragraph(
          "The images are %s.".formatted(data.configured(TrainingStudy.IMAGES).asString()));
    }
    if (!hasFeatures()) {
      report.paragraph(FeatureSpace.MISSING);
      return;
    }
    Row row = data.table("features").getFirst();
    report.paragraph(
        String.format(
            Locale.ROOT,
            "Distances are in the %.0f features of a classifier that this program trained on the"
                + " training images; it names the class of %s of the held-out images. They must"
                + " not be set beside published ones. %.0f real images are at a Fréchet distance of"
                + " %s, the reference is at %s.",
            row.number("features"),
            Numbers.percent(row.number("classifier_accuracy")),
            row.number("real_images"),
            Numbers.general(row.number("fid")),
            Numbers.general(
                data.table("reference").stream()
                    .mapToDouble(r -> r.number("fid"))
                    .average()
                    .orElse(Double.NaN))));
  }

  /** The sampler with the smallest mean distance at a number of steps. */
  private Optional<String> best(int steps) {
    String column = hasFeatures() ? "fid" : "reference_distance";
    List<String> ranked =
        schedulers.stream()
            .filter(name -> summary(name, steps, column).isPresent())
            .sorted(
                Comparator.comparingDouble(
                    name -> summary(name, steps, column).orElseThrow().mean()))
            .toList();
    if (ranked.isEmpty()) {
      return Optional.empty();
    }
    String text =
        ranked.stream()
            .limit(3)
            .map(name -> {
              Summary summary = summary(name, steps, column).orElseThrow();
              return "`%s` at %s by %s calls"
                  .formatted(
                      name,
                      Numbers.general(summary.mean(), Figures.meanInterval(column, summary)),
                      Numbers.general(summary(name, steps, "calls").orElseThrow().mean()));
            })
            .collect(Collectors.joining(", "));
    return Optional.of(
        "With **%d steps** the least %s, mean with 95 %% interval: %s."
            .formatted(
                steps, hasFeatures() ? "Fréchet distances" : "distances from the reference", text));
  }

  private double[] values(String scheduler, int steps, String column) {
    return IntStream.range(0, seeds)
        .mapToDouble(seed ->
            data.table("quality").stream()
                .filter(row -> row.unit().equals(SamplersStudy.key(seed, scheduler)))
                .filter(row -> row.number("sample_steps") == steps)
                .mapToDouble(row -> row.number(column))
                .findFirst()
                .orElse(Double.NaN))
        .filter(Double::isFinite)
        .toArray();
  }

  private Optional<Summary> summary(String scheduler, int steps, String column) {
    double[] values = values(scheduler, steps, column);
    return values.length == 0 ? Optional.empty() : Optional.of(Summary.of(values));
  }

  private void charts() {
    report.heading("Quality against cost");
    if (hasFeatures()) {
      report.chart(
          chart(
                  "quality-calls",
                  "Quality against calls of the model",
                  "calls of the model",
                  "calls",
                  "fid")
              .caption("Mean over the seeds with 95 % interval; lower is better."));
      report.chart(
          chart(
                  "quality-seconds",
                  "Quality against time",
                  "sampling time of all images (s)",
                  "sampling_seconds",
                  "fid")
              .caption("The same against the time that was measured, mean over the seeds."));
    }
    report.chart(
        chart(
                "reference-calls",
                "Distance from the reference",
                "calls of the model",
                "calls",
                "reference_distance")
            .caption(
                "Root mean squared difference of the values, whose range is [-1, 1], from the"
                    + " reference of the same noise."));
  }

  private Chart chart(String name, String title, String xLabel, String xColumn, String column) {
    String yLabel = column.equals("fid") ? "Fréchet distance" : "root mean squared difference";
    Chart chart = Chart.lines(name, title, xLabel, yLabel).logX().logY();
    for (String scheduler : schedulers) {
      List<Summary> xs = new ArrayList<>();
      List<Summary> ys = new ArrayList<>();
      for (int steps : sampleSteps) {
        Optional<Summary> y = summary(scheduler, steps, column);
        if (y.isPresent()) {
          xs.add(summary(scheduler, steps, xColumn).orElseThrow());
          ys.add(y.get());
        }
      }
      chart =
          chart.series(
              shortName(scheduler),
              xs.stream().mapToDouble(Summary::mean).toArray(),
              ys.stream().mapToDouble(Summary::mean).toArray(),
              ys.stream().map(s -> Figures.meanInterval(column, s)).toArray(Interval[]::new));
    }
    return chart;
  }

  private static String shortName(String scheduler) {
    return scheduler.replaceAll("(Discrete)?Scheduler$", "");
  }

  private void table() {
    record Run(int steps, String scheduler) {}
    List<Run> runs =
        sampleSteps.stream()
            .flatMap(steps -> schedulers.stream().map(scheduler -> new Run(steps, scheduler)))
            .toList();
    report.table(
        Table.of(
            "Means over the seeds with 95 % interval.",
            runs,
            column("steps", run -> Integer.toString(run.steps())),
            column("sampler", run -> "`%s`".formatted(run.scheduler())),
            column(
                "calls",
                run ->
                    summary(run.scheduler(), run.steps(), "calls")
                        .map(s -> Numbers.general(s.mean()))
                        .orElse(Numbers.NONE)),
            column("Fréchet distance", run -> cell(run.scheduler(), run.steps(), "fid")),
            column("kernel distance", run -> cell(run.scheduler(), run.steps(), "kid")),
            column(
                "distance from the reference",
                run -> cell(run.scheduler(), run.steps(), "reference_distance")),
            column("time (s)", run -> cell(run.scheduler(), run.steps(), "sampling_seconds"))));
  }

  private String cell(String scheduler, int steps, String column) {
    return summary(scheduler, steps, column)
        .map(s -> Numbers.general(s.mean(), Figures.meanInterval(column, s)))
        .orElse(Numbers.NONE);
  }

  private void pictures() {
    report.heading("Samples");
    int steps = sampleSteps.getFirst();
    for (String scheduler : schedulers) {
      data.picture(SamplersStudy.key(0, scheduler), SamplersStudy.picture(steps))
          .ifPresent(png ->
              report.image(
                  "samples-" + scheduler,
                  png,
                  "`%s`, %d steps, seed 0.".formatted(scheduler, steps)));
    }
  }
}
