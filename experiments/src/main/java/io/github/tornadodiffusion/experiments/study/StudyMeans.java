package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.Figures;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.statistics.Interval;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import io.github.tornadodiffusion.experiments.study.StudyResults.Metric;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Means of the arms of a study over its seeds, with their intervals, for tables and charts. */
record StudyMeans(StudyResults results) {
  /** A column for every arm. */
  List<String> header(String first) {
    return Stream.concat(Stream.of(first), results.names().stream().map("`%s`"::formatted))
        .toList();
  }

  /** The mean of a figure with its 95 % interval; empty if no model has it. */
  String cell(StudyArm arm, Metric metric) {
    return results
        .summary(arm, metric)
        .map(summary ->
            Numbers.general(summary.mean(), Figures.meanInterval(metric.column(), summary)))
        .orElse(Numbers.NONE);
  }

  /** The different values of a column in the rows of an arm, in their order. */
  double[] column(String table, String name, StudyArm arm) {
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
  Chart series(Chart chart, StudyArm arm, double[] x, IntFunction<Metric> metric) {
    double[] y = new double[x.length];
    Interval[] intervals = new Interval[x.length];
    for (int i = 0; i < x.length; i++) {
      Metric figure = metric.apply(i);
      Optional<Summary> summary = results.summary(arm, figure);
      y[i] = summary.map(Summary::mean).orElse(Double.NaN);
      intervals[i] =
          summary.map(s -> Figures.meanInterval(figure.column(), s)).orElse(Interval.UNDEFINED);
    }
    return chart.series(arm.name(), x, y, intervals);
  }
}
