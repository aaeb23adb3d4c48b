package io.github.tornadodiffusion.diffusion.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.sampling.GoldenPipelineTest;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiffusionModelTest {
  private static final List<String> FILES =
      List.of(
          "model_index.json",
          "scheduler/scheduler_config.json",
          "unet/config.json",
          "unet/diffusion_pytorch_model.safetensors");

  @TempDir private Path directory;

  private static DiffusionModel model() {
    UNet2DConfig config = TinyUNet.config(8, 1, 8, 16);
    SchedulerConfig scheduler =
        SchedulerConfig.of(100, BetaSchedule.SIGMOID, PredictionType.V_PREDICTION);
    return new DiffusionModel(
        new DDPMScheduler(scheduler),
        config,
        Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 5));
  }

  @Test
  void readsWhatItWroteBitForBit() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    DiffusionModel model = model();
    model.write(first);
    DiffusionModel read = DiffusionModel.read(first);
    assertEquals(model.parameters(), read.parameters());
    assertEquals(model.unet(), read.unet());
    assertEquals(model.scheduler().config(), read.scheduler().config());
    read.write(second);
    for (String file : FILES) {
      assertEquals(-1, Files.mismatch(first.resolve(file), second.resolve(file)), file);
    }
  }

  /** All but the weights' file, whose order of tensors is the writer's. */
  @Test
  void writesTheFilesOfDiffusers() throws Exception {
    Path golden = GoldenPipelineTest.directory();
    Path written = directory.resolve("model");
    DiffusionModel model = DiffusionModel.read(golden);
    model.write(written);
    for (String file : FILES.subList(0, 3)) {
      assertEquals(Files.readString(golden.resolve(file)), Files.readString(written.resolve(file)));
    }
    assertEquals(model.parameters(), DiffusionModel.read(written).parameters());
  }

  @Test
  void anotherSchedulerTakesOverTheConfiguration() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    Scheduler ddim = DiffusionModel.read(path, "ddim").scheduler();
    assertEquals("DDIMScheduler", ddim.className());
    assertEquals(PredictionType.V_PREDICTION, ddim.config().predictionType());
    assertEquals(100, ddim.config().numTrainTimesteps());
  }

  /** diffusers has pipelines for two of the schedulers only. */
  @ParameterizedTest
  @CsvSource({
    "DDPMScheduler, DDPMPipeline",
    "DDIMScheduler, DDIMPipeline",
    "EulerDiscreteScheduler, DDPMPipeline",
  })
  void namesAPipelineThatDiffusersHas(String scheduler, String pipeline) throws IOException {
    Path path = directory.resolve("model");
    DiffusionModel model = model();
    new DiffusionModel(
            Schedulers.convert(model.scheduler(), scheduler), model.unet(), model.parameters())
        .write(path);
    String index = Files.readString(path.resolve(DiffusionModel.INDEX));
    assertTrue(index.contains("\"_class_name\": \"" + pipeline + "\""), index);
    assertTrue(index.contains(scheduler), index);
    assertEquals(scheduler, DiffusionModel.read(path).scheduler().className());
  }

  @Test
  void overwritesNothing() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    assertRefused(
        path + " is not empty, nothing was written: choose another output directory",
        () -> model().write(path));
    Path file = Files.writeString(directory.resolve("file"), "kept");
    assertRefused(file + " is a file: choose another output directory", () -> model().write(file));
    model().writeInto(path);
    assertEquals(model().parameters(), DiffusionModel.read(path).parameters());
  }

  @Test
  void refusesWhatIsNoModel() throws IOException {
    Path missing = directory.resolve("missing");
    assertRefused(
        missing + " is not a directory: name one that a training run or diffusers wrote",
        () -> DiffusionModel.read(missing));
    assertRefused(
        directory + " holds no model (it has no model_index.json): name a model directory",
        () -> DiffusionModel.read(directory));
    Path index = directory.resolve("model_index.json");
    Files.writeString(index, "{\"unet\": [\"diffusers\", \"UNet2DConditionModel\"]}");
    assertRefused(
        index
            + ": unet is [diffusers, UNet2DConditionModel]: only pipelines with a UNet2DModel can"
            + " be read",
        () -> DiffusionModel.read(directory));
    Files.writeString(index, "{\"unet\": [\"diffusers\", \"UNet2DModel\"]}");
    assertRefused(
        index + ": scheduler is missing: only pipelines with a scheduler can be read",
        () -> DiffusionModel.read(directory));
    Files.writeString(
        index,
        "{\"unet\": [\"diffusers\", \"UNet2DModel\"], \"scheduler\": [\"diffusers\","
            + " \"DDIMScheduler\"], \"vqvae\": [\"diffusers\", \"VQModel\"]}");
    assertRefused(
        index
            + ": the pipeline has a vqvae too: only those of a UNet2DModel and a scheduler alone"
            + " can be read",
        () -> DiffusionModel.read(directory));
  }

  /** As the first models were published; diffusers looks there too. */
  @Test
  void readsPartsThatLieInTheDirectoryItself() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    for (String file : FILES.subList(1, FILES.size())) {
      Files.move(path.resolve(file), path.resolve(Path.of(file).getFileName()));
    }
    Files.delete(path.resolve("scheduler"));
    Files.delete(path.resolve("unet"));
    DiffusionModel read = DiffusionModel.read(path);
    assertEquals(model().parameters(), read.parameters());
    assertEquals(model().scheduler().config(), read.scheduler().config());
  }

  @Test
  void theUNetAloneNeedsNoScheduler() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    Files.writeString(
        path.resolve("scheduler/scheduler_config.json"), "{\"_class_name\": \"OtherScheduler\"}");
    assertEquals(model().parameters(), DiffusionModel.readUNet(path).parameters());
    assertEquals(model().unet(), DiffusionModel.readUNet(path.resolve("unet")).config());
    Files.delete(path.resolve("model_index.json"));
    assertEquals(model().unet(), DiffusionModel.readUNet(path).config());
    assertRefused(
        directory + " holds no model (it has no model_index.json): name a model directory",
        () -> DiffusionModel.readUNet(directory));
    Path index = directory.resolve("model_index.json");
    Files.writeString(index, "{\"unet\": [\"diffusers\", \"UNet2DConditionModel\"]}");
    assertRefused(
        index
            + ": unet is [diffusers, UNet2DConditionModel]: only pipelines with a UNet2DModel can"
            + " be read",
        () -> DiffusionModel.readUNet(directory));
  }

  @Test
  void refusesDamagedParts() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    for (String file : FILES) {
      byte[] whole = Files.readAllBytes(path.resolve(file));
      for (byte[] damaged : List.of(new byte[0], Arrays.copyOf(whole, whole.length / 2))) {
        Files.write(path.resolve(file), damaged);
        assertOneLine(path);
      }
      Files.delete(path.resolve(file));
      assertOneLine(path);
      Files.write(path.resolve(file), whole);
    }
    assertEquals(model().parameters(), DiffusionModel.read(path).parameters());
  }

  private static void assertOneLine(Path path) {
    Exception e = assertThrows(IOException.class, () -> DiffusionModel.read(path));
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
  }

  private static void assertRefused(String message, Executable action) {
    assertEquals(message, assertThrows(IOException.class, action).getMessage());
  }
}
