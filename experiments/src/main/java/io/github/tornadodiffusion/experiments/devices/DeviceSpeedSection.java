package io.github.tornadodiffusion.experiments.devices;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.bench.Benchmark;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.statistics.Interval;
import io.github.tornadodiffusion.experiments.statistics.PairedComparison;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/**
 * The part of the report on speed: as a function of the batch, and in comparison between devices.
 */
record DeviceSpeedSection(List<DeviceTimes> times) {
  private static final int NAMED_OUTLIERS = 3;

  /** Student's interval of two values extends from nothing to hundreds of times the ratio. */
  private static final int LEAST_PAIRS = 3;

  /** The names of programs in titles. */
  private static final Map<String, String> NAMES =
      Map.of(
          "forward", "Forward pass", "train-step", "Training step", Benchmark.SAMPLE, "Sampling");

  void addTo(Report report) {
    report
        .heading("Speed")
        .paragraph(
            "Every run was timed from the first on, on a new engine. The first run and those that"
                + " follow until the times are steady, by the marginal standard error rule, are"
                + " warm-up; of the rest you see the median with its 95 % interval, which from"
                + " fewer than six runs reaches from the least to the largest and covers 1 − 2¹⁻ⁿ"
                + " of n runs. Outliers lie beyond 1.5 interquartile ranges; they count as all"
                + " others do.");
    for (String program : DevicesSettings.PROGRAMS) {
      SequencedMap<String, List<DeviceTimes>> devices = byDevice(program);
      if (!devices.isEmpty()) {
        report.chart(chart(program, devices)).table(table(program));
      }
    }
    comparison(report);
  }

  private SequencedMap<String, List<DeviceTimes>> byDevice(String program) {
    SequencedMap<String, List<DeviceTimes>> devices = new LinkedHashMap<>();
    of(program).forEach(t -> devices.computeIfAbsent(t.row(), k -> new ArrayList<>()).add(t));
    return devices;
  }

  private List<DeviceTimes> of(String program) {
    return times.stream().filter(t -> t.program().equals(program)).toList();
  }

  private static Chart chart(String program, SequencedMap<String, List<DeviceTimes>> devices) {
    Chart chart =
        Chart.lines(
                "speed-" + program,
                NAMES.get(program) + ": speed against the batch",
                "batch (images a run)",
                "speed (images/s)")
            .logX()
            .logY();
    for (List<DeviceTimes> device : devices.values()) {
      chart =
          chart.series(
              device.getFirst().label(),
              device.stream().mapToDouble(DeviceTimes::batch).toArray(),
              device.stream().mapToDouble(DeviceTimes::imagesPerSecond).toArray(),
              device.stream().map(DeviceTimes::imagesPerSecondInterval).toArray(Interval[]::new));
    }
    return chart.caption("Images a second by the median run; bars are its 95 % interval.");
  }

  private Table table(String program) {
    return Table.of(
        NAMES.get(program) + ": medians of the steady runs, with the interval of the speed.",
        of(program),
        column("device", DeviceTimes::label),
        column("batch", t -> Integer.toString(t.batch())),
        column("images/s", t -> Numbers.plain(t.imagesPerSecond(), t.imagesPerSecondInterval())),
        column("ms a run", t -> Numbers.plain(t.steady().median())),
        column("GFLOP/s", t -> Numbers.plain(t.gflops())),
        column("first run, ms", t -> Numbers.plain(t.first())),
        column("warm-up runs", t -> Integer.toString(t.warmUps())),
        column("steady runs", t -> Integer.toString(t.steady().n())),
        column("outliers, ms", t -> outliers(t.steady().outliers())),
        column("error", t -> Numbers.scientific(t.speed().number("max_error"))));
  }

  private static String outliers(List<Double> outliers) {
    String named =
        outliers.stream()
            .limit(NAMED_OUTLIERS)
            .map(Numbers::plain)
            .collect(Collectors.joining("; "));
    int more = outliers.size() - NAMED_OUTLIERS;
    return more > 0 ? "%s and %d more".formatted(named, more) : named;
  }

  /** Every device compared with the fastest way to use this machine without TornadoVM. */
  private void comparison(Report report) {
    String reference =
        times.stream()
            .map(DeviceTimes::row)
            .filter(row -> row.startsWith("jvm-"))
            .reduce((first, second) -> second)
            .orElse(times.isEmpty() ? "" : times.getFirst().row());
    List<List<String>> rows = new ArrayList<>();
    String name = "";
    for (String program : DevicesSettings.PROGRAMS) {
      SequencedMap<String, List<DeviceTimes>> devices = byDevice(program);
      List<DeviceTimes> base = devices.remove(reference);
      if (base == null) {
        continue;
      }
      name = base.getFirst().label();
      devices.values().stream().map(device -> compare(program, device, base)).forEach(rows::add);
    }
    if (!rows.isEmpty()) {
      report
          .heading("Devices against each other")
          .paragraph(
              ("How many times as many images a second as %s: the geometric mean over the batches"
                      + " that both did, as pairs, with the 95 %% interval of Student's t in the"
                      + " logarithms; of fewer than three batches without one.")
                  .formatted(name))
          .table(new Table("", List.of("program", "device", "batches", "ratio"), rows));
    }
  }

  private static List<String> compare(
      String program, List<DeviceTimes> device, List<DeviceTimes> base) {
    List<double[]> pairs = new ArrayList<>();
    for (DeviceTimes t : device) {
      base.stream()
          .filter(other -> other.batch() == t.batch())
          .forEach(other ->
              pairs.add(
                  new double[] {Math.log(t.imagesPerSecond()), Math.log(other.imagesPerSecond())}));
    }
    String label = device.getFirst().label();
    if (pairs.isEmpty()) {
      return List.of(program, label, "0", "");
    }
    PairedComparison comparison =
        PairedComparison.of(
            pairs.stream().mapToDouble(pair -> pair[0]).toArray(),
            pairs.stream().mapToDouble(pair -> pair[1]).toArray());
    Interval logarithms = comparison.meanInterval();
    Interval ratios =
        comparison.n() >= LEAST_PAIRS
            ? new Interval(Math.exp(logarithms.low()), Math.exp(logarithms.high()))
            : Interval.UNDEFINED;
    return List.of(
        program,
        label,
        Integer.toString(comparison.n()),
        Numbers.plain(Math.exp(comparison.meanDifference()), ratios));
  }
}
