package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DevicesExperimentTest {
  @TempDir Path temporary;

  private static List<JsonNode> rows(Path file) throws IOException {
    return Files.readAllLines(file).stream().map(JsonMapper.shared()::readTree).toList();
  }

  @Test
  void everyKernelHasAnErrorAndEveryProgramASpeed() throws IOException {
    Path out = temporary.resolve("devices");
    CommandRun run =
        CommandRun.succeeds(
            "experiment",
            "devices",
            "--device",
            "jvm",
            "--preset",
            "digits",
            "--batch",
            "2",
            "--runs",
            "2",
            "--out",
            out.toString());
    assertTrue(run.out().contains("report.md"));
    List<JsonNode> kernels = rows(out.resolve("errors.jsonl"));
    Set<String> names =
        kernels.stream().map(row -> row.get("kernel").asString()).collect(Collectors.toSet());
    assertEquals(CallOracles.kernels(), names);
    String report = Files.readString(out.resolve("report.md"));
    for (JsonNode row : kernels) {
      assertTrue(row.get("max_error").asDouble() < 1e-4, row.toString());
      assertTrue(report.contains("| " + row.get("kernel").asString() + " |"));
    }
    assertEquals(
        List.of("forward", "train-step"),
        rows(out.resolve("speed.jsonl")).stream().map(row -> row.get("what").asString()).toList());
    assertTrue(Files.size(out.resolve("manifest.json")) > 0);
  }

  @Test
  void badInputIsRefusedBeforeAnythingRuns() throws IOException {
    CommandRun.refused(List.of("nvidia:0", "jvm"), "experiment", "devices", "--device", "nvidia:0");
    CommandRun.refused(List.of("--runs"), "experiment", "devices", "--runs", "0");
    Files.writeString(temporary.resolve("report.md"), "mine");
    CommandRun.refused(
        List.of("not empty", "--out"),
        "experiment",
        "devices",
        "--device",
        "jvm",
        "--out",
        temporary.toString());
    assertEquals("mine", Files.readString(temporary.resolve("report.md")));
  }
}
