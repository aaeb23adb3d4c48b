package io.github.tornadodiffusion.experiments.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.OtherCases;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchTest {
  @ParameterizedTest
  @ValueSource(strings = {"forward", "train-step", "sample"})
  void jsonHasEveryFigure(String what) {
    CommandRun run =
        CommandRun.succeeds(
            "bench", what, "--preset", "digits", "--batch", "2", "--runs", "2", "--json");
    JsonNode row = JsonMapper.shared().readTree(run.out());
    assertEquals(1, run.out().lines().count());
    assertEquals(what, row.get("what").asString());
    assertEquals(2, row.get("batch").asInt());
    assertEquals("jvm", row.get("device").asString());
    assertEquals("lanes", row.get("kernels").asString());
    assertEquals(2, row.get("runs").asInt());
    for (String figure :
        List.of("parameters", "first_ms", "median_ms", "min_ms", "p90_ms", "images_per_s")) {
      assertTrue(row.get(figure).asDouble() > 0, figure);
    }
    assertTrue(row.get("min_ms").asDouble() <= row.get("median_ms").asDouble());
    assertTrue(row.get("gflops").asDouble() > 0);
    assertTrue(row.has("peak_rss_mib"));
    double error = row.get("max_error").asDouble();
    assertTrue(error > 0 && error < 1e-4, "max_error " + error);
  }

  @Test
  void samplingHasSteps() {
    List<String> bench = List.of("bench", "sample", "--preset", "digits", "--batch", "2");
    List<String> options = List.of("--runs", "1", "--steps", "3", "--json");
    String[] arguments = Stream.concat(bench.stream(), options.stream()).toArray(String[]::new);
    JsonNode row = JsonMapper.shared().readTree(CommandRun.succeeds(arguments).out());
    assertEquals(3, row.get("steps").asInt());
    CommandRun.refused(List.of("--steps is 0"), "bench", "sample", "--steps", "0");
    CommandRun.refused(List.of("bench sample"), "bench", "forward", "--steps", "3");
  }

  @Test
  void kernelsAddUpToTheStep() {
    CommandRun run =
        CommandRun.succeeds(
            "bench", "kernels", "--preset", "digits", "--batch", "2", "--runs", "1", "--json");
    List<JsonNode> rows = run.out().lines().map(JsonMapper.shared()::readTree).toList();
    assertEquals(1, rows.stream().mapToDouble(row -> row.get("share").asDouble()).sum(), 1e-9);
    assertTrue(rows.stream().anyMatch(row -> row.get("kernel").asString().equals("Conv.forward")));
    assertTrue(rows.stream().anyMatch(row -> row.get("gb_per_s").asDouble() > 0));
    for (JsonNode row : rows) {
      assertTrue(row.get("calls").asInt() > 0);
      // To three digits: on a busy machine a small call can come out as none.
      assertTrue(row.get("gb_per_s").asDouble() >= 0);
      assertTrue(row.has("gflops"));
      assertEquals("kernels", row.get("what").asString());
      assertEquals("lanes", row.get("kernels").asString());
      assertFalse(row.get("shape").asString().isBlank());
      assertEquals(
          row.get("median_ms").asDouble() * 1e3,
          row.get("calls").asInt() * row.get("us_per_call").asDouble(),
          row.get("calls").asInt());
      assertTrue(row.get("max_error").asDouble() < 1e-4, row.toString());
    }
  }

  @Test
  void otherFamiliesOfKernelsHaveRows(@TempDir Path directory) throws IOException {
    OtherCases.onTheClassPath(
        directory,
        () -> {
          String[] bench = {
            "bench", "kernels", "--preset", "digits", "--batch", "2", "--runs", "1"
          };
          assertTrue(CommandRun.succeeds(bench).out().contains("shape (sums of somebody else)"));
          String[] json =
              Stream.concat(Stream.of(bench), Stream.of("--json")).toArray(String[]::new);
          JsonNode row =
              CommandRun.succeeds(json)
                  .out()
                  .lines()
                  .map(JsonMapper.shared()::readTree)
                  .filter(each -> each.has("cases"))
                  .findFirst()
                  .orElseThrow();
          assertEquals(OtherCases.KERNEL, row.get("kernel").asString());
          assertEquals("23 rows of 7088", row.get("shape").asString());
          assertEquals(1, row.get("calls").asInt());
          assertEquals(1, row.get("share").asDouble());
          assertTrue(row.get("median_ms").asDouble() > 0);
          assertTrue(row.get("max_error").asDouble() < 1e-4);
        });
  }
}
