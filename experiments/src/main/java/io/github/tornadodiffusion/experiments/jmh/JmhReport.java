package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.StringJoiner;

/** The report of a run of the JMH benchmarks: whatever does the same work is shown side by side. */
public final class JmhReport {
  /** The benchmarks as an experiment, and their report. */
  public static final Experiment.Kind KIND = new Experiment.Kind("jmh", JmhReport::of);

  /** The prefix of a peer's name: the library that gives access to it. */
  private static final String PEER = "djl-";

  /** Kernels take microseconds, programs milliseconds. */
  private enum Part {
    KERNELS("kernel", "Kernels", "µs", 1e3),
    PROGRAMS("program", "Programs", "ms", 1e6);

    final String kind;
    final String caption;
    final String unit;
    final double nanos;

    Part(String kind, String caption, String unit, double nanos) {
      this.kind = kind;
      this.caption = caption;
      this.unit = unit;
      this.nanos = nanos;
    }
  }

  private JmhReport() {}

  private static Report of(ExperimentData data) {
    SequencedMap<String, List<Row>> works = new LinkedHashMap<>();
    for (Row row : data.table(JmhResults.TABLE)) {
      works.computeIfAbsent(work(row), key -> new ArrayList<>()).add(row);
    }
    Report report =
        new Report("JMH")
            .paragraph(
                "Every family of kernels, forward pass, training step and sampling, measured by JMH"
                    + " with `%s`. Machine, versions and devices are in `manifest.json`."
                        .formatted(data.manifest().path("command").asString()));
    besidePeers(works, report);
    report
        .heading("Times")
        .paragraph(
            "Mean time of one run with half of its 99.9 % confidence interval. Rates count what the"
                + " work needs at least. **Error** is the largest difference from double precision,"
                + " relative to the largest value of the kernel that made it; of a peer, from what"
                + " the `jvm` device computes.");
    for (Part part : Part.values()) {
      List<List<String>> cells = cells(works, part);
      if (!cells.isEmpty()) {
        report.table(
            new Table(
                part.caption,
                List.of(
                    part.kind, "device", part.unit, "± " + part.unit, "GFLOP/s", "GB/s", "error"),
                cells));
      }
    }
    return report;
  }

  /** Our time as a multiple of the time of the peer, for all work that a peer does, too. */
  private static void besidePeers(SequencedMap<String, List<Row>> works, Report report) {
    SequencedMap<String, SequencedMap<String, Double>> times = new LinkedHashMap<>();
    works.forEach((work, rows) ->
        rows.stream()
            .filter(JmhReport::isPeer)
            .findFirst()
            .ifPresent(peer ->
                rows.stream()
                    .filter(row -> !isPeer(row))
                    .forEach(row ->
                        times
                            .computeIfAbsent(
                                row.text(JmhResults.DEVICE), device -> new LinkedHashMap<>())
                            .put(work, nanos(row) / nanos(peer)))));
    if (times.isEmpty()) {
      return;
    }
    Chart chart = Chart.bars("peers", "Beside PyTorch", "Work", "Time / PyTorch's time");
    for (Map.Entry<String, SequencedMap<String, Double>> device : times.entrySet()) {
      chart =
          chart.bars(
              device.getKey(),
              List.copyOf(device.getValue().keySet()),
              device.getValue().values().stream().mapToDouble(Double::doubleValue).toArray(),
              null);
    }
    report
        .heading("Beside PyTorch")
        .chart(
            chart
                .logY()
                .caption(
                    "The same work on the same data, in the same run, by PyTorch through DJL; below"
                        + " 1 this project is faster."));
  }

  private static List<List<String>> cells(SequencedMap<String, List<Row>> works, Part part) {
    List<List<String>> cells = new ArrayList<>();
    works.forEach((work, rows) ->
        rows.stream()
            .filter(row -> row.values().containsKey(part.kind))
            .forEach(row ->
                cells.add(
                    List.of(
                        work,
                        row.text(JmhResults.DEVICE),
                        Numbers.general(nanos(row) / part.nanos),
                        Numbers.general(row.number(JmhResults.INTERVAL) / part.nanos),
                        Numbers.plain(row.number("gflops")),
                        Numbers.plain(row.number("gb_per_s")),
                        Numbers.scientific(row.number("max_error"))))));
    return cells;
  }

  private static double nanos(Row row) {
    return row.number(JmhResults.NANOS);
  }

  private static boolean isPeer(Row row) {
    return row.text(JmhResults.DEVICE).startsWith(PEER);
  }

  /** The work of a row, whatever does it. */
  private static String work(Row row) {
    StringJoiner work = new StringJoiner(" ");
    for (String parameter : List.of("kernel", "program", "preset")) {
      if (row.values().containsKey(parameter)) {
        work.add(row.text(parameter).toLowerCase(Locale.ROOT));
      }
    }
    if (row.values().containsKey("batch")) {
      work.add("batch " + row.text("batch"));
    }
    return work.toString();
  }
}
