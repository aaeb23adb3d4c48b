package io.github.tornadodiffusion.experiments.scaling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScalingExperimentTest {
  @TempDir Path temporary;

  @Test
  void costsGrowAsTheyMustAndTheReportFitsThem() throws IOException {
    Path out = temporary.resolve("scaling");
    CommandRun.succeeds(
        "experiment",
        "scaling",
        "--sizes",
        "4,8,16",
        "--channels",
        "8,16",
        "--batches",
        "1,2",
        "--batch",
        "1",
        "--runs",
        "3",
        "--out",
        out.toString());
    List<Row> rows = ExperimentData.read(new ExperimentDirectory(out)).rows();
    List<Row> costs = rows.stream().filter(row -> row.table().equals("cost")).toList();
    assertEquals(14, costs.size());
    assertEquals(42, rows.stream().filter(row -> row.table().equals("run")).count());
    Row one = cost(costs, "batch-1");
    Row two = cost(costs, "batch-2");
    // All but the embedding of timesteps, which is a little, is done for every image.
    assertEquals(2, two.number("flops") / one.number("flops"), 0.01);
    Row narrow = cost(costs, "channels-8");
    Row wide = cost(costs, "channels-16");
    assertTrue(wide.number("flops") > 3.5 * narrow.number("flops"));
    assertTrue(wide.number("arena_floats") > narrow.number("arena_floats"));
    String report = Files.readString(out.resolve("report.md"));
    assertTrue(report.contains("| image size (pixels a side) | forward |"), report);
    byte[] html = Files.readAllBytes(out.resolve("report.html"));
    CommandRun.succeeds("experiment", "report", out.toString());
    assertArrayEquals(html, Files.readAllBytes(out.resolve("report.html")));
  }

  private static Row cost(List<Row> costs, String unit) {
    return costs.stream()
        .filter(row -> row.unit().equals(unit) && row.text("program").equals("forward"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void badOptionsAreRefusedInOneLine() {
    CommandRun.refused(List.of("--sizes", "two"), "experiment", "scaling", "--sizes", "8");
    CommandRun.refused(List.of("--runs"), "experiment", "scaling", "--runs", "0");
    CommandRun.refused(List.of("group"), "experiment", "scaling", "--channels", "16,20");
  }
}
