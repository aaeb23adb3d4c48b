package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The rows of a {@link TrainingStudy} by arm and seed; units that are not complete yet are missing.
 */
final class StudyResults {
  private final List<StudyArm> arms = new ArrayList<>();
  private final List<Integer> sampleSteps = new ArrayList<>();
  private final int seeds;
  private final Map<String, List<Row>> units = new LinkedHashMap<>();
  private final ExperimentData data;

  StudyResults(ExperimentData data) {
    this.data = data;
    data.configured("arms").forEach(arm -> arms.add(StudyArm.of(arm)));
    data.configured("sample_steps").forEach(steps -> sampleSteps.add(steps.asInt()));
    seeds = data.configured("seeds").asInt();
    for (Row row : data.rows()) {
      units.computeIfAbsent(row.unit(), unit -> new ArrayList<>()).add(row);
    }
  }

  /**
   * A figure of every model.
   *
   * @param name to print
   * @param unit of its values, empty for a plain number
   * @param table that contains it
   * @param which rows of the table count; the mean of several is used
   * @param column its name in the rows
   */
  record Metric(String name, String unit, String table, Predicate<Row> which, String column) {
    /** The name with the unit. */
    String label() {
      return unit.isEmpty() ? name : "%s (%s)".formatted(name, unit);
    }
  }

  ExperimentData data() {
    return data;
  }

  List<StudyArm> arms() {
    return arms;
  }

  List<String> names() {
    return arms.stream().map(StudyArm::name).toList();
  }

  /** Numbers of sampling steps, ascending. */
  List<Integer> sampleSteps() {
    return sampleSteps;
  }

  int seeds() {
    return seeds;
  }

  /** How many models are done. */
  int done() {
    return units.size();
  }

  /** A figure of the model of every seed; NaN if it is missing. */
  double[] values(StudyArm arm, Metric metric) {
    return IntStream.range(0, seeds)
        .mapToDouble(seed ->
            units.getOrDefault(StudyUnit.key(seed, arm.name()), List.of()).stream()
                .filter(row -> row.table().equals(metric.table) && metric.which.test(row))
                .mapToDouble(row -> row.number(metric.column))
                .average()
                .orElse(Double.NaN))
        .toArray();
  }

  /** A figure over the seeds; empty if no model has it. */
  Optional<Summary> summary(StudyArm arm, Metric metric) {
    double[] values =
        IntStream.range(0, seeds)
            .mapToDouble(i -> values(arm, metric)[i])
            .filter(Double::isFinite)
            .toArray();
    return values.length == 0 ? Optional.empty() : Optional.of(Summary.of(values));
  }

  /** The first row of a kind, which is the same in every unit. */
  Optional<Row> first(String table) {
    return data.table(table).stream().findFirst();
  }

  /** A quality of samples at a number of steps. */
  static Metric quality(String name, String column, int steps) {
    return new Metric(
        "%s, %d steps".formatted(name, steps),
        "",
        "quality",
        row -> row.number("sample_steps") == steps,
        column);
  }

  /** Whether samples were compared in features. */
  boolean hasFeatures() {
    return first("features").isPresent();
  }

  /** Logarithms of the signal-to-noise ratio that all arms reach. */
  List<Integer> commonLogSnrs() {
    return StudyDenoising.LOG_SNRS.stream()
        .filter(
            logSnr -> arms.stream().allMatch(arm -> summary(arm, noiseError(logSnr)).isPresent()))
        .toList();
  }

  static Metric noiseError(int logSnr) {
    return new Metric(
        "error of the noise at log-SNR " + logSnr,
        "",
        "error_by_log_snr",
        row -> row.number("log_snr") == logSnr,
        "noise_error");
  }

  /** The figures that are tested: few, because every additional test weakens all of them. */
  List<Metric> tested() {
    List<Metric> metrics = new ArrayList<>();
    metrics.add(
        new Metric(
            "variational bound", "bits/dimension", "bound", row -> true, "bits_per_dimension"));
    List<Integer> common = commonLogSnrs();
    if (!common.isEmpty()) {
      metrics.add(
          new Metric(
              "mean squared error of the noise",
              "",
              "error_by_log_snr",
              row -> common.contains((int) row.number("log_snr")),
              "noise_error"));
    }
    List<Integer> ends =
        sampleSteps.size() == 1
            ? sampleSteps
            : List.of(sampleSteps.getFirst(), sampleSteps.getLast());
    if (hasFeatures()) {
      ends.forEach(steps -> metrics.add(quality("Fréchet distance", "fid", steps)));
      ends.forEach(steps -> metrics.add(quality("kernel distance", "kid", steps)));
    }
    metrics.add(quality("share near a training image", "near_share", sampleSteps.getLast()));
    return metrics;
  }
}
