package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The report of {@link DevicesExperiment}, made from its raw data.
 *
 * @param errors rows of errors.jsonl
 * @param speeds rows of speed.jsonl
 */
record DevicesReport(List<Map<String, Object>> errors, List<Map<String, Object>> speeds) {

  String markdown() {
    StringBuilder text = new StringBuilder("# Devices\n\n");
    text.append("Machine, versions and command: `manifest.json`.\n\n## Devices\n\n");
    text.append(devices()).append("\n## Speed\n\n");
    text.append(
        """
        Median, minimum and 90th percentile of one run after warm-up. Each row was checked against double
        precision in the same run: *error* is the largest difference, relative to the largest value of the
        kernel that made it.

        """);
    text.append(speed()).append("\n## Error of every kernel\n\n");
    text.append(
        """
        Models in odd sizes that between them launch every kernel with several shapes, on the same numbers.
        The largest difference from double precision, relative to the largest value that the kernel writes;
        single precision keeps 6e-8.

        """);
    text.append(errorOfKernels());
    return text.toString();
  }

  private String devices() {
    List<List<String>> rows = new ArrayList<>();
    for (Map<String, Object> device : Devices.list()) {
      rows.add(
          List.of(
              "`%s`".formatted(device.get("device")),
              device.get("name").toString(),
              Objects.toString(device.get("platform"), ""),
              device.get("runtime").toString(),
              Objects.toString(device.getOrDefault("compute_units", device.get("threads"))),
              device.get("memory_mib").toString()));
    }
    return markdown(List.of("device", "name", "platform", "runtime", "units", "MiB"), rows);
  }

  private String speed() {
    List<List<String>> rows = new ArrayList<>();
    for (Map<String, Object> row : speeds) {
      rows.add(
          List.of(
              "%s %s, batch %s".formatted(row.get("preset"), row.get("what"), row.get("batch")),
              device(row),
              text("%.1f", row.get("median_ms")),
              text("%.1f", row.get("min_ms")),
              text("%.1f", row.get("p90_ms")),
              text("%.1f", row.get("images_per_s")),
              text("%.0f", row.get("gflops")),
              text("%.0f", row.get("first_ms")),
              text("%.1e", row.get("max_error"))));
    }
    return markdown(
        List.of(
            "program",
            "device",
            "median ms",
            "min ms",
            "p90 ms",
            "images/s",
            "GFLOP/s",
            "first run ms",
            "error"),
        rows);
  }

  private String errorOfKernels() {
    List<String> devices = errors.stream().map(DevicesReport::device).distinct().toList();
    List<String> kernels =
        errors.stream().map(row -> row.get("kernel").toString()).distinct().sorted().toList();
    List<List<String>> rows = new ArrayList<>();
    for (String kernel : kernels) {
      List<String> row = new ArrayList<>(List.of(kernel));
      devices.forEach(device -> row.add(error(kernel, device)));
      rows.add(row);
    }
    return markdown(Stream.concat(Stream.of("kernel"), devices.stream()).toList(), rows);
  }

  private String error(String kernel, String device) {
    return errors.stream()
        .filter(row -> row.get("kernel").equals(kernel) && device(row).equals(device))
        .map(row -> text("%.1e", row.get("max_error")))
        .findFirst()
        .orElse("");
  }

  /** The device and its variants of kernels. */
  private static String device(Map<String, Object> row) {
    return "`%s`, %s".formatted(row.get("device"), row.get("kernels"));
  }

  private static String markdown(List<String> header, List<List<String>> rows) {
    return new Table("", header, rows).markdown();
  }

  private static String text(String format, Object number) {
    return number == null ? "" : String.format(Locale.ROOT, format, number);
  }
}
