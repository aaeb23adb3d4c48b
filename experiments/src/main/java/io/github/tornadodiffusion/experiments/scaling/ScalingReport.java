package io.github.tornadodiffusion.experiments.scaling;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.statistics.Interval;
import io.github.tornadodiffusion.experiments.statistics.PowerLaw;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import io.github.tornadodiffusion.experiments.statistics.WarmUp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The report of {@link ScalingExperiment}. */
final class ScalingReport {
  /** The names of the axes in the report. */
  private static final Map<String, String> AXES = new LinkedHashMap<>();

  static {
    AXES.put(ScalingStudy.SIZE, "image size (pixels a side)");
    AXES.put(ScalingStudy.CHANNELS, "channels of the first block");
    AXES.put(ScalingStudy.BATCH, "batch (images)");
  }

  private static final double MIB = 1 << 20;

  private final ExperimentData data;
  private final Report report = new Report("Scaling");
  private final Map<Row, Times> times = new LinkedHashMap<>();

  /** The times of one model: how many of the first runs were warm-up, and the rest. */
  private record Times(int warmUps, Summary steady) {}

  private ScalingReport(ExperimentData data) {
    this.data = data;
    for (Row cost : data.table("cost")) {
      double[] millis =
          data.table("run").stream()
              .filter(row -> row.unit().equals(cost.unit()))
              .filter(row -> row.text("program").equals(cost.text("program")))
              .mapToDouble(row -> row.number("run_ms"))
              .toArray();
      int warmUps = WarmUp.length(millis);
      times.put(
          cost, new Times(warmUps, Summary.of(Arrays.copyOfRange(millis, warmUps, millis.length))));
    }
  }

  /** The report of all existing rows. */
  static Report of(ExperimentData data) {
    ScalingReport scaling = new ScalingReport(data);
    scaling.begin();
    AXES.keySet().forEach(scaling::axis);
    return scaling.report;
  }

  private void begin() {
    report.heading("Question and answer");
    report.paragraph(
        "How does the cost of a model grow with the size of its images, its width and its batch?"
            + " An exponent of 2 says that twice as much makes it four times the cost.");
    List<List<String>> rows = new ArrayList<>();
    for (String axis : AXES.keySet()) {
      for (String program : ScalingStudy.PROGRAMS) {
        List<Row> costs = costs(axis, program);
        if (costs.size() > 1) {
          rows.add(exponents(axis, program, costs));
        }
      }
    }
    report.table(
        new Table(
            "Exponents with 95 % interval, fitted by least squares in the logarithms; R² is the"
                + " share of the time's variance that the power law explains.",
            List.of("changed", "program", "time", "R² of time", "operations", "memory"), rows));
    report.heading("Design");
    report.paragraph(
        ("The model of the preset %s on `%s`, with one thing changed at a time; where the batch is"
                + " not changed it is %d. Every program ran %d times. The first runs, which are"
                + " warm-up by the marginal standard error rule, are not in the medians; tables say"
                + " how many. Times hold for an otherwise idle machine alone.")
            .formatted(
                data.configured("preset").asString(),
                data.configured("device").asString(),
                data.configured("batch").asInt(),
                data.configured("runs").asInt()));
  }

  private List<Row> costs(String axis, String program) {
    return data.table("cost").stream()
        .filter(row -> row.text("axis").equals(axis) && row.text("program").equals(program))
        .toList();
  }

  private List<String> exponents(String axis, String program, List<Row> costs) {
    double[] x = costs.stream().mapToDouble(row -> row.number("value")).toArray();
    PowerLaw time = PowerLaw.fit(x, medians(costs));
    return List.of(
        AXES.get(axis),
        program,
        Numbers.general(time.exponent(), time.exponentInterval()),
        // Two points lie on every power law through them.
        time.exponentInterval().defined() ? Numbers.general(time.rSquared()) : Numbers.NONE,
        exponent(x, costs, "flops"),
        exponent(x, costs, "arena_floats"));
  }

  private double[] medians(List<Row> costs) {
    return costs.stream().mapToDouble(this::median).toArray();
  }

  private static String exponent(double[] x, List<Row> costs, String column) {
    PowerLaw law = PowerLaw.fit(x, costs.stream().mapToDouble(row -> row.number(column)).toArray());
    return Numbers.general(law.exponent(), law.exponentInterval());
  }

  private void axis(String axis) {
    report.heading("By " + AXES.get(axis));
    Chart time =
        Chart.lines("time-" + axis, "Time of a run", AXES.get(axis), "median time (ms)")
            .logX()
            .logY();
    Chart memory =
        Chart.lines("memory-" + axis, "Memory of the device", AXES.get(axis), "memory (MiB)")
            .logX()
            .logY();
    List<Row> rows = new ArrayList<>();
    for (String program : ScalingStudy.PROGRAMS) {
      List<Row> costs = costs(axis, program);
      double[] x = costs.stream().mapToDouble(row -> row.number("value")).toArray();
      Interval[] intervals =
          costs.stream().map(row -> steady(row).medianInterval()).toArray(Interval[]::new);
      time = time.series(program, x, medians(costs), intervals);
      memory = memory.series(program, x, costs.stream().mapToDouble(ScalingReport::mib).toArray());
      rows.addAll(costs);
    }
    report.chart(time.caption("Median of the runs after warm-up, with 95 % interval."));
    report.chart(memory.caption("The arena that holds parameters, activations and gradients."));
    report.table(
        Table.of(
            "Medians after warm-up with 95 % interval; of fewer than six runs from the least to the"
                + " largest.",
            rows,
            column(axis, row -> Numbers.general(row.number("value"))),
            column("program", row -> row.text("program")),
            column("time (ms)", row -> Numbers.general(median(row), steady(row).medianInterval())),
            column("warm-up runs", row -> Integer.toString(times.get(row).warmUps())),
            column("outliers", row -> Integer.toString(steady(row).outliers().size())),
            column("GFLOP", row -> Numbers.general(gflop(row))),
            column("GFLOP/s", row -> Numbers.general(gflop(row) / (median(row) * 1e-3))),
            column("memory (MiB)", row -> Numbers.general(mib(row)))));
  }

  private Summary steady(Row row) {
    return times.get(row).steady();
  }

  private double median(Row row) {
    return steady(row).median();
  }

  private static double gflop(Row row) {
    return row.number("flops") * 1e-9;
  }

  private static double mib(Row row) {
    return Float.BYTES * row.number("arena_floats") / MIB;
  }
}
