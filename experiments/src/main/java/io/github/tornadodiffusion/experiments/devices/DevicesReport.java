package io.github.tornadodiffusion.experiments.devices;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.statistics.Summary;
import io.github.tornadodiffusion.experiments.statistics.WarmUp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;

/** The report of {@link DevicesExperiment}. */
final class DevicesReport {
  private final ExperimentData data;

  /** Labels of the devices by their keys. */
  private final SequencedMap<String, String> labels = new LinkedHashMap<>();

  private final Report report = new Report("Devices");

  private DevicesReport(ExperimentData data) {
    this.data = data;
    data.rows().stream()
        .filter(row -> !row.text("label").isEmpty())
        .forEach(row -> labels.putIfAbsent(row.text("row"), row.text("label")));
  }

  /** Makes it. */
  static Report make(ExperimentData data) {
    DevicesReport made = new DevicesReport(data);
    made.introduction();
    made.failures();
    made.devices();
    new DeviceSpeedSection(DeviceTimes.of(data)).addTo(made.report);
    made.programs();
    made.peaks();
    made.kernels();
    made.transfers();
    made.errors();
    return made.report;
  }

  private void introduction() {
    report.paragraph(
        ("The same programs on every device, with the UNet of the preset `%s`: a forward pass, a"
                + " training step, and sampling with DDIM in %s steps. Whatever was measured was"
                + " also computed anew in double precision in the same run, for a sample of what"
                + " every kernel wrote; a part in which a kernel is wrong by more than a thousandth"
                + " of its largest value has no figures. Machine, versions and command are in"
                + " `manifest.json`, all raw figures in `rows/`.")
            .formatted(
                data.configured("preset").asString(), data.configured("sample_steps").asInt()));
  }

  private void failures() {
    List<Row> failures = data.table(DeviceUnit.FAILURE);
    if (!failures.isEmpty()) {
      report
          .heading("Parts without figures")
          .table(
              Table.of(
                  "",
                  failures,
                  column("device", row -> row.text("label")),
                  column("part", row -> row.text("part")),
                  column("why", row -> row.text("reason"))));
    }
  }

  private void devices() {
    report
        .heading("Devices")
        .paragraph(
            "“Java without vectors” runs the same kernels with plain floats in place of vectors, on"
                + " one thread; what the JVM's compiler makes of its loops is left to it. It did no"
                + " batch larger than %d, unless all were. Units are cores or multiprocessors."
                    .formatted(data.configured("scalar_batch").asInt()))
        .table(
            Table.of(
                "",
                data.table("device"),
                column("device", row -> row.text("label")),
                column("name", row -> row.text("name")),
                column(
                    "platform", row -> (row.text("platform") + " " + row.text("driver")).strip()),
                column("runtime", row -> row.text("runtime")),
                column("units", DevicesReport::units),
                column("MiB", row -> row.text("memory_mib"))));
  }

  private static String units(Row row) {
    return row.text(row.values().containsKey("compute_units") ? "compute_units" : "threads");
  }

  private void programs() {
    List<Row> programs = data.table("program");
    boolean energy = programs.stream().anyMatch(row -> row.values().containsKey("energy_joules"));
    List<String> header =
        new ArrayList<>(
            List.of(
                "device",
                "program",
                "batch",
                "build",
                "JIT",
                "first run",
                "compilation",
                "a run",
                "kernels",
                "launch",
                "transfers"));
    if (energy) {
      header.add("J a run");
    }
    List<List<String>> rows = new ArrayList<>();
    for (Row row : programs) {
      List<String> cells =
          new ArrayList<>(List.of(row.text("label"), row.text("program"), row.text("batch")));
      for (String figure :
          List.of(
              "build_ms",
              "jit_ms",
              "first_ms",
              "first_compilation_ms",
              "total_ms",
              "kernels_ms",
              "launch_ms",
              "transfers_ms")) {
        cells.add(Numbers.plain(row.number(figure)));
      }
      if (energy) {
        cells.add(Numbers.plain(row.number("energy_joules")));
      }
      rows.add(cells);
    }
    report
        .heading("Where the time goes")
        .paragraph(
            "In milliseconds, on a new engine, measured call by call, which adds some time of its"
                + " own. **Build** makes the graph, plans its memory, draws the parameters and"
                + " brings them to the device. **JIT** is what the compilers of the JVM worked"
                + " until the last run, beside the program. **Compilation** is TornadoVM's, in the"
                + " first run. **A run** is the mean of the later ones, and consists of its"
                + " kernels, launching them, and transfers; the jvm device has its data where it"
                + " computes.")
        .table(new Table("", header, rows));
  }

  private void peaks() {
    List<List<String>> rows = new ArrayList<>();
    grouped("peak", "kernel")
        .forEach((key, runs) -> {
          Row first = runs.getFirst();
          boolean memory = first.text("kernel").equals("Elementwise.add");
          double amount = first.number(memory ? "call_bytes" : "call_flops");
          Summary millis = steady(runs);
          rows.add(
              List.of(
                  first.text("label"),
                  "`%s`".formatted(first.text("kernel")),
                  first.text("shape"),
                  memory ? "GB/s" : "GFLOP/s",
                  Numbers.plain(amount / (1e6 * millis.min())),
                  Numbers.plain(amount / (1e6 * millis.median())),
                  Numbers.scientific(first.number("max_error"))));
        });
    report
        .heading("Peaks")
        .paragraph(
            "The best that was measured of each device: multiply-adds on eight vectors in"
                + " registers, a matrix product, and, as in STREAM's Add, the sum of two arrays"
                + " that no cache holds, with the bytes that it reads and writes. A device may be"
                + " able to do more than these kernels ask of it. Medians are of the steady runs.")
        .table(
            new Table(
                "", List.of("device", "kernel", "shape", "unit", "best", "median", "error"), rows));
  }

  private void kernels() {
    report
        .heading("Kernels beside the peaks")
        .paragraph(
            "Time of the device by kernel, the median over the runs for each shape of its calls."
                + " Bytes are the least that a call must move, so a kernel whose data lie in a"
                + " cache can exceed the roof, which is that of memory.");
    for (Map.Entry<String, String> device : labels.entrySet()) {
      List<Row> peaks = of(data.table("peak"), device.getKey());
      for (String program : DevicesSettings.PROGRAMS) {
        List<Row> rows =
            of(data.table("kernel"), device.getKey()).stream()
                .filter(row -> row.text("program").equals(program))
                .toList();
        if (!rows.isEmpty()) {
          DeviceKernels kernels =
              DeviceKernels.of(
                  "%s, %s, batch %s"
                      .formatted(device.getValue(), program, rows.getFirst().text("batch")),
                  rows,
                  peaks);
          if (!peaks.isEmpty()) {
            report.chart(kernels.chart("roofline-%s-%s".formatted(device.getKey(), program)));
          }
          report.table(kernels.table());
        }
      }
    }
  }

  private static List<Row> of(List<Row> rows, String device) {
    return rows.stream().filter(row -> row.text("row").equals(device)).toList();
  }

  private void transfers() {
    List<List<String>> rows = new ArrayList<>();
    grouped("transfer", "direction")
        .forEach((key, runs) -> {
          Row first = runs.getFirst();
          double bytes = first.number("bytes");
          Summary millis = steady(runs);
          rows.add(
              List.of(
                  first.text("label"),
                  first.text("direction"),
                  Numbers.plain(bytes / (1 << 20)),
                  Numbers.plain(millis.median(), millis.medianInterval()),
                  Numbers.plain(bytes / (1e6 * millis.median()))));
        });
    report
        .heading("Transfers")
        .paragraph(
            "One array, median of the steady runs with its 95 % interval, with the launch that"
                + " brings it. On the jvm device this is a copy in memory.")
        .table(new Table("", List.of("device", "direction", "MiB", "ms", "GB/s"), rows));
  }

  /** Rows of a table by device and the value of a column. */
  private SequencedMap<String, List<Row>> grouped(String table, String column) {
    SequencedMap<String, List<Row>> groups = new LinkedHashMap<>();
    for (Row row : data.table(table)) {
      groups
          .computeIfAbsent(row.text("row") + "\n" + row.text(column), k -> new ArrayList<>())
          .add(row);
    }
    return groups;
  }

  /** The times after the warm-up. */
  private static Summary steady(List<Row> runs) {
    double[] millis = runs.stream().mapToDouble(run -> run.number("run_ms")).toArray();
    return Summary.of(Arrays.copyOfRange(millis, WarmUp.length(millis), millis.length));
  }

  private void errors() {
    List<Row> errors = data.table("error");
    List<String> devices = errors.stream().map(row -> row.text("row")).distinct().toList();
    List<List<String>> rows = new ArrayList<>();
    for (String kernel :
        errors.stream().map(row -> row.text("kernel")).distinct().sorted().toList()) {
      List<String> cells = new ArrayList<>(List.of("`%s`".formatted(kernel)));
      for (String device : devices) {
        cells.add(
            of(errors, device).stream()
                .filter(row -> row.text("kernel").equals(kernel))
                .map(row -> Numbers.scientific(row.number("max_error")))
                .findFirst()
                .orElse(""));
      }
      rows.add(cells);
    }
    report
        .heading("Error of every kernel")
        .paragraph(
            "Models in odd sizes that between them launch every kernel with several shapes, on the"
                + " same numbers. The largest difference from double precision, relative to the"
                + " largest value that the kernel writes; single precision keeps 6e-8.")
        .table(
            new Table(
                "",
                Stream.concat(Stream.of("kernel"), devices.stream().map(labels::get)).toList(),
                rows));
  }
}
