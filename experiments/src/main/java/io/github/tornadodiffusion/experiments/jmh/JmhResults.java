package io.github.tornadodiffusion.experiments.jmh;

import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Reads the JSON file of JMH as rows of an experiment. */
final class JmhResults {
  /** The table of the rows. */
  static final String TABLE = "jmh";

  static final String DEVICE = "device";
  static final String NANOS = "ns_per_op";

  /** JMH's confidence intervals are of 99.9 %. */
  static final String INTERVAL = "ns_ci999";

  private static final Map<String, TimeUnit> UNITS =
      Map.of(
          "ns/op", TimeUnit.NANOSECONDS,
          "us/op", TimeUnit.MICROSECONDS,
          "ms/op", TimeUnit.MILLISECONDS,
          "s/op", TimeUnit.SECONDS);

  private JmhResults() {}

  /**
   * One row per result: {@code benchmark}, the parameters by their names, {@code device} (for a
   * peer the peer's name), {@code mode}, {@code ns_per_op} with half of its 99.9 % confidence
   * interval {@code ns_ci999} (null for a single measurement) and {@code forks}; and where the
   * benchmark says what a run computes and moves {@code gflops}, {@code gb_per_s} and {@code
   * max_error}.
   *
   * @param json as JMH's {@code -rf json} writes it
   * @throws IllegalArgumentException if it has another format, or measures no times per run
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
          "a result of JMH is in '%s'; measure with -bm avgt".formatted(Messages.line(unit)));
    }
    double nanos = UNITS.get(unit).toNanos(1);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("table", TABLE);
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
    JsonNode counters = result.path("secondaryMetrics");
    row.put("gflops", rate(counters, "flops", score));
    row.put("gb_per_s", rate(counters, "bytes", score));
    row.put("max_error", counter(counters, "maxError"));
    return row;
  }

  /** Billions per second; null if the counter is missing or zero. */
  private static Double rate(JsonNode counters, String name, double nanos) {
    Double count = counter(counters, name);
    return count == null || count == 0 ? null : count / nanos;
  }

  /** The largest value of an iteration; JMH's score is the sum over the iterations. */
  private static Double counter(JsonNode counters, String name) {
    Double largest = null;
    for (JsonNode fork : counters.path(name).path("rawData")) {
      for (JsonNode iteration : fork) {
        largest = Math.max(largest == null ? 0 : largest, iteration.asDouble());
      }
    }
    return largest;
  }
}
