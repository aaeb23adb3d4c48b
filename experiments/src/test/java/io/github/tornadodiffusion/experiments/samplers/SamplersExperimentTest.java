package io.github.tornadodiffusion.experiments.samplers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.study.StudyOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplersExperimentTest {
  @TempDir Path temporary;

  @Test
  void samplersAreMeasuredAgainstHeldOutImagesAndTheReference() throws IOException {
    Path out = temporary.resolve("samplers");
    CommandRun.succeeds(
        "experiment",
        "samplers",
        "--schedulers",
        "ddim,heun",
        "--sample-steps",
        "2,20",
        "--reference-steps",
        "20",
        "--seeds",
        "1",
        "--steps",
        "2",
        "--batch",
        "4",
        "--samples",
        "4",
        "--classifier-steps",
        "2",
        "--out",
        out.toString());
    List<Row> quality =
        ExperimentData.read(new ExperimentDirectory(out)).rows().stream()
            .filter(row -> row.table().equals("quality"))
            .toList();
    assertEquals(4, quality.size());
    // The reference is 20 steps of DDIM, and Heun's method asks twice in each step but the last.
    assertEquals(0, quality.get(1).number("reference_distance"));
    assertTrue(quality.getFirst().number("reference_distance") > 0);
    assertEquals(2, quality.getFirst().number("calls"));
    assertEquals(3, quality.get(2).number("calls"));
    assertEquals(39, quality.get(3).number("calls"));
    byte[] report = Files.readAllBytes(out.resolve("report.html"));
    CommandRun.succeeds("experiment", "report", out.toString());
    assertArrayEquals(report, Files.readAllBytes(out.resolve("report.html")));
  }

  @Test
  void theQuickVersionNamesSamplersThatThereAre() {
    for (String name : SamplersExperiment.QUICK) {
      assertEquals(name, StudyOptions.sampler(name));
    }
  }

  @Test
  void badOptionsAreRefusedInOneLine() {
    CommandRun.refused(
        List.of("DDIMInverseScheduler"),
        "experiment",
        "samplers",
        "--schedulers",
        "ddim,ddim-inverse");
    CommandRun.refused(List.of("--sample-steps"), "experiment", "samplers", "--sample-steps", "0");
  }
}
