package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.Json;
import io.github.tornadodiffusion.experiments.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Reads the JSON file of JMH as rows, and makes a table of them. */
final class JmhResults {
  private static final String DEVICE = "device";
  private static final String NANOS = "ns_per_op";

  /** JMH's confidence intervals are of 99.9 %. */
  private static final String INTERVAL = "ns_ci999";

  private static final Map<String, TimeUnit> UNITS =
      Map.of(
          "ns/op", TimeUnit.NANOSECONDS,
          "us/op", TimeUnit.MICROSECONDS,
          "ms/op", TimeUnit.MILLISECONDS,
          "s/op", TimeUnit.SECONDS);

  private JmhResults() {}

  /**
   * One row a result: {@code benchmark}, the parameters by their names, {@code device} (for a peer
   * the peer's name), {@code mode}, {@code ns_per_op} with half of its 99.9 % confidence interval
   * {@code ns_ci999} (null for a single measurement), {@code forks}, the iterations of all forks
   * {@code ns_raw}; and where the benchmark says what a run computes and moves {@code gflops},
   * {@code gb_per_s} and {@code max_error}.
   *
   * @param json as JMH's {@code -rf json} writes it
   * @throws IllegalArgumentException if it is something else, or measures no times per run
   */
  static List<Map<String, Object>> rows(String json) {
    JsonNode results;
    try {
      results = Json.tree(json);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("no JSON; give the file that JMH's -rf json writes", e);
    }
    List<Map<String, Object>> rows = new ArrayList<>();
    for (JsonNode result : results) {
      rows.add(row(result));
    }
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("no results of JMH; run at least one benchmark");
    }
    return rows;
  }

  private static Map<String, Object> row(JsonNode result) {
    JsonNode metric = result.path("primaryMetric");
    String unit = metric.path("scoreUnit").asString("");
    if (!UNITS.containsKey(unit)) {
      throw new IllegalArgumentException(
          "a result of JMH is in '%s'; measure with -bm avgt".formatted(Errors.oneLine(unit)));
    }
    double nanos = UNITS.get(unit).toNanos(1);
    Map<String, Object> row = new LinkedHashMap<>();
    String name = result.path("benchmark").asString("");
    row.put("benchmark", name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1));
    result
        .path("params")
        .properties()
        .forEach(parameter -> row.put(parameter.getKey(), parameter.getValue().asString()));
    if (row.containsKey("peer")) {
      row.put(DEVICE, row.remove("peer"));
    }
    row.put("mode", result.path("mode").asString());
    double score = metric.path("score").asDouble() * nanos;
    row.put(NANOS, score);
    // JMH writes "NaN" as a string.
    JsonNode error = metric.path("scoreError");
    row.put(INTERVAL, error.isNumber() ? error.asDouble() * nanos : null);
    row.put("forks", result.path("forks").asInt());
    List<Double> raw = new ArrayList<>();
    metric.path("rawData").forEach(fork -> fork.forEach(x -> raw.add(x.asDouble() * nanos)));
    row.put("ns_raw", raw);
    JsonNode counters = result.path("secondaryMetrics");
    row.put("gflops", rate(counters, "flops", score));
    row.put("gb_per_s", rate(counters, "bytes", score));
    row.put("max_error", counter(counters, "maxError"));
    return row;
  }

  /** Billions a second; null where the counter is missing or zero. */
  private static Double rate(JsonNode counters, String name, double nanos) {
    Double count = counter(counters, name);
    return count == null || count == 0 ? null : count / nanos;
  }

  /** The largest that an iteration says; JMH's score is the sum over the iterations. */
  private static Double counter(JsonNode counters, String name) {
    Double largest = null;
    for (JsonNode fork : counters.path(name).path("rawData")) {
      for (JsonNode iteration : fork) {
        largest = Math.max(largest == null ? 0 : largest, iteration.asDouble());
      }
    }
    return largest;
  }

  /** A page with all rows, those that do the same work side by side. */
  static String report(List<Map<String, Object>> rows) {
    StringBuilder text = new StringBuilder("# JMH\n\n");
    text.append("Machine, versions and command: `manifest.json`; raw data: `jmh.json`.\n\n");
    text.append(
        """
        Mean time of one run with half of its 99.9 % confidence interval. *error* is the largest difference
        from double precision, relative to the largest value of the kernel that made it; of a peer, from
        what the `jvm` device computes.

        """);
    List<List<String>> cells = new ArrayList<>();
    rows.stream()
        .map(JmhResults::work)
        .distinct()
        .forEach(work ->
            rows.stream()
                .filter(row -> work(row).equals(work))
                .forEach(row ->
                    cells.add(
                        List.of(
                            work,
                            Objects.toString(row.get(DEVICE), ""),
                            text("%.2f", row.get(NANOS), 1e-3),
                            text("%.2f", row.get(INTERVAL), 1e-3),
                            text("%.1f", row.get("gflops"), 1),
                            text("%.1f", row.get("gb_per_s"), 1),
                            text("%.1e", row.get("max_error"), 1)))));
    List<String> header = List.of("work", "device", "us", "± us", "GFLOP/s", "GB/s", "error");
    return text.append(new Table("", header, cells).markdown()).toString();
  }

  /** What is done, whatever does it. */
  private static String work(Map<String, Object> row) {
    StringJoiner work = new StringJoiner(" ");
    for (String parameter : List.of("kernel", "program", "preset")) {
      if (row.containsKey(parameter)) {
        work.add(row.get(parameter).toString().toLowerCase(Locale.ROOT));
      }
    }
    if (row.containsKey("batch")) {
      work.add("batch " + row.get("batch"));
    }
    return work.toString();
  }

  private static String text(String format, Object number, double factor) {
    return number == null
        ? ""
        : String.format(Locale.ROOT, format, ((Number) number).doubleValue() * factor);
  }
}
