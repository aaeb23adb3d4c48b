package io.github.tornadodiffusion.experiments.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ProfileTest {
  @TempDir Path temporary;

  private JsonNode programs(Path json) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(json)).get("programs");
  }

  private static void assertAddsUp(JsonNode program) {
    double kernels = 0;
    double shares = 0;
    for (JsonNode kernel : program.get("kernels")) {
      assertTrue(kernel.get("calls").asInt() > 0);
      assertTrue(kernel.get("device_ms").asDouble() > 0);
      assertTrue(kernel.get("gb_per_s").asDouble() > 0);
      kernels += kernel.get("device_ms").asDouble();
      shares += kernel.get("share").asDouble();
    }
    assertEquals(1, shares, 1e-9);
    assertEquals(program.get("kernels_ms").asDouble(), kernels, 1e-9 * kernels);
    double total = program.get("total_ms").asDouble();
    double parts = kernels;
    for (String part : List.of("launch_ms", "transfers_ms", "compilation_ms")) {
      assertTrue(program.get(part).asDouble() >= 0, part);
      parts += program.get(part).asDouble();
    }
    assertEquals(total, parts, 1e-9 * total);
    assertTrue(program.get("first_ms").asDouble() > 0);
  }

  @Test
  void benchAddsUpForPeopleAndPrograms() throws IOException {
    Path json = temporary.resolve("profile.json");
    CommandRun run =
        CommandRun.succeeds(
            "bench",
            "train-step",
            "--preset",
            "digits",
            "--batch",
            "2",
            "--runs",
            "3",
            "--profile",
            "--profile-json",
            json.toString());
    JsonNode program = programs(json).get(0);
    assertEquals("train step", program.get("program").asString());
    assertEquals(3, program.get("runs").asInt());
    assertAddsUp(program);
    for (String part : List.of("Conv.forward", "all kernels", "launching", "transfers")) {
      assertTrue(run.out().contains(part), part);
    }
  }

  @Test
  void trainingAndSamplingHaveAProfileEach() throws IOException {
    Path json = temporary.resolve("profile.json");
    Path out = temporary.resolve("run");
    CommandRun.succeeds(
        "train",
        "--out",
        out.toString(),
        "--steps",
        "5",
        "--batch",
        "2",
        "--samples",
        "2",
        "--sample-steps",
        "3",
        "--profile-json",
        json.toString());
    JsonNode programs = programs(json);
    Map<String, Integer> runs = new HashMap<>();
    programs.forEach(
        program -> runs.put(program.get("program").asString(), program.get("runs").asInt()));
    // Every program's first run is apart from the others.
    assertEquals(4, runs.get("train step"), runs.toString());
    assertEquals(2, runs.get("forward"), runs.toString());
    assertEquals(3, runs.get("sampler"), runs.toString());
    programs.forEach(ProfileTest::assertAddsUp);

    CommandRun sampled =
        CommandRun.succeeds(
            "sample",
            "--model",
            out.toString(),
            "--out",
            temporary.resolve("a.png").toString(),
            "--steps",
            "3",
            "--count",
            "1",
            "--profile");
    assertTrue(sampled.out().contains("profile of forward: 2 runs"), sampled.out());
  }

  @Test
  void anotherKindOfFileIsNotOverwritten() throws IOException {
    Path precious = Files.writeString(temporary.resolve("precious.txt"), "text");
    CommandRun.refused(
        List.of("--profile-json", "precious.txt"),
        "bench",
        "forward",
        "--preset",
        "digits",
        "--profile-json",
        precious.toString());
    assertEquals("text", Files.readString(precious));
  }
}
