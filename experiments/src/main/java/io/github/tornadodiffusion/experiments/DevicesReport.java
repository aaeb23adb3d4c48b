package io.github.tornadodiffusion.experiments;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The report of {@link DevicesExperiment}, made from its raw data.
 *
 * @param kernels rows of kernels.jsonl
 * @param speeds rows of speed.jsonl
 */
record DevicesReport(List<Map<String, Object>> kernels, List<Map<String, Object>> speeds) {

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
    text.append(errors());
    return text.toString();
  }

  private String devices() {
    List<List<String>> rows = new ArrayList<>();
    for (Map<String, Object> device : Devices.list()) {
      rows.add(
          List.of(
              "`%s`".formatted(device.get("device")),
              device.get("name").toString(),
              Optional.ofNullable(device.get("platform")).orElse(device.get("runtime")).toString(),
              Optional.ofNullable(device.get("compute_units"))
                  .orElse(device.get("threads"))
                  .toString(),
              device.get("memory_mib").toString()));
    }
    return Markdown.table(List.of("device", "name", "platform", "units", "MiB"), rows);
  }

  private String speed() {
    List<List<String>> rows = new ArrayList<>();
    for (Map<String, Object> row : speeds) {
      rows.add(
          List.of(
              "%s %s, batch %s".formatted(row.get("preset"), row.get("what"), row.get("batch")),
              "`%s`".formatted(row.get("device")),
              text("%.1f", row.get("median_ms")),
              text("%.1f", row.get("min_ms")),
              text("%.1f", row.get("p90_ms")),
              text("%.1f", row.get("images_per_s")),
              text("%.0f", row.get("gflops")),
              text("%.0f", row.get("first_ms")),
              text("%.1e", row.get("max_error"))));
    }
    return Markdown.table(
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

  private String errors() {
    List<String> devices =
        kernels.stream().map(r -> r.get("device").toString()).distinct().toList();
    List<String> names =
        kernels.stream().map(r -> r.get("kernel").toString()).distinct().sorted().toList();
    List<List<String>> rows = new ArrayList<>();
    for (String name : names) {
      List<String> row = new ArrayList<>(List.of(name));
      devices.forEach(device -> row.add(error(name, device)));
      rows.add(row);
    }
    return Markdown.table(
        Stream.concat(Stream.of("kernel"), devices.stream().map("`%s`"::formatted)).toList(), rows);
  }

  private String error(String kernel, String device) {
    return kernels.stream()
        .filter(r -> r.get("kernel").equals(kernel) && r.get("device").equals(device))
        .map(r -> text("%.1e", r.get("max_error")))
        .findFirst()
        .orElse("");
  }

  private static String text(String format, Object number) {
    return number == null ? "" : String.format(Locale.ROOT, format, number);
  }
}
