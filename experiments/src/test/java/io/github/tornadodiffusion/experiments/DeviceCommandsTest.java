package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.devices.DeviceKernels;
import io.github.tornadodiffusion.experiments.devices.DeviceUnit;
import io.github.tornadodiffusion.experiments.framework.ExperimentData;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands on the first device of TornadoVM. */
@OnDevice
class DeviceCommandsTest {
  @TempDir static Path temporary;

  private static String device;

  @BeforeAll
  static void first() {
    device = OnDevice.ID;
  }

  private static CommandRun train(Path out, String on, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", "--out", out.toString()));
    arguments.addAll(List.of("--device", on, "--steps", "12", "--batch", "8", "--seed", "3"));
    arguments.addAll(List.of("--samples", "2", "--sample-steps", "2"));
    arguments.addAll(List.of(more));
    return CommandRun.succeeds(arguments.toArray(String[]::new));
  }

  private static byte[] weights(Path run) throws IOException {
    return Files.readAllBytes(run.resolve("unet/diffusion_pytorch_model.safetensors"));
  }

  private static List<Double> losses(Path run) throws IOException {
    return Files.readAllLines(run.resolve("loss.csv")).stream()
        .skip(1)
        .map(line -> Double.valueOf(line.split(",")[1]))
        .toList();
  }

  @Test
  void trainingIsRepeatableAndFollowsTheJvm() throws IOException {
    Path once = temporary.resolve("once");
    Path again = temporary.resolve("again");
    Path jvm = temporary.resolve("jvm");
    train(once, device);
    train(again, device, "--no-self-check");
    train(jvm, "jvm");
    assertArrayEquals(weights(once), weights(again));
    List<Double> expected = losses(jvm);
    List<Double> actual = losses(once);
    assertEquals(12, actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), actual.get(i), 1e-4 * expected.get(i), "step " + (i + 1));
    }
  }

  @Test
  void aModelIsTheSameOnBothDevices() throws IOException {
    Path run = temporary.resolve("model");
    CommandRun trained = train(run, device);
    assertTrue(trained.err().contains("compiling kernels"), trained.err());
    for (String on : List.of(device, "jvm")) {
      Path picture = temporary.resolve(on.replace(':', '-') + ".png");
      CommandRun.succeeds(
          "sample",
          "--model",
          run.toString(),
          "--out",
          picture.toString(),
          "--count",
          "2",
          "--steps",
          "3",
          "--device",
          on);
      assertTrue(Files.size(picture) > 0);
    }
  }

  @Test
  void benchChecksAndProfiles() throws IOException {
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
            "2",
            "--json",
            "--device",
            device,
            "--profile-json",
            json.toString());
    JsonNode row = JsonMapper.shared().readTree(run.out().lines().findFirst().orElseThrow());
    assertEquals(device, row.get("device").asString());
    double error = row.get("max_error").asDouble();
    assertTrue(error > 0 && error < 1e-4, "max_error " + error);
    JsonNode program = JsonMapper.shared().readTree(Files.readString(json)).get("programs").get(0);
    assertTrue(program.get("first_compilation_ms").asDouble() > 0);
    assertTrue(program.get("launch_ms").asDouble() > 0);
    assertTrue(program.get("kernels_ms").asDouble() > 0);
  }

  @Test
  void theExperimentMeasuresTheDevice() throws IOException {
    Path out = temporary.resolve("devices");
    CommandRun.succeeds(
        "experiment",
        "devices",
        "--quick",
        "--out",
        out.toString(),
        "--device",
        device,
        "--preset",
        "digits",
        "--batches",
        "2",
        "--runs",
        "2");
    ExperimentData data = ExperimentData.read(new ExperimentDirectory(out));
    assertEquals(List.of(), data.table(DeviceUnit.FAILURE));
    assertEquals(3, data.table("speed").size());
    assertEquals(OwnKernels.ids().size(), data.table("error").size());
    for (ExperimentData.Row row : data.table("program")) {
      assertEquals(device, row.text("device"));
      assertTrue(row.number("first_compilation_ms") > 0);
      assertTrue(row.number("transfers_ms") > 0);
    }
    JsonNode described =
        data.manifest()
            .path("devices")
            .valueStream()
            .filter(node -> node.path("device").asString().equals(device))
            .findFirst()
            .orElseThrow();
    assertTrue(described.path("runtime").asString().startsWith("TornadoVM "), "" + described);
    assertFalse(described.path("platform").asString().isEmpty(), "" + described);
    if (device.startsWith("opencl:")) {
      assertTrue(described.path("driver").asString().matches("\\d+\\..*"), "" + described);
    }
    assertTrue(DeviceKernels.best(data.table("peak"), false) > 0);
    assertTrue(DeviceKernels.best(data.table("peak"), true) > 0);
  }
}
