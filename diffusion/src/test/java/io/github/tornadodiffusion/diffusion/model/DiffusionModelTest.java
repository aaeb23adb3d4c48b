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
import io.github.tornadodiffusion.nn.io.JsonFields;
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
import org.junit.jupiter.params.provider.ValueSource;

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

  /** As in diffusers, whatever class the scheduler's own file names, or where it names none. */
  @Test
  void theIndexNamesTheClassOfTheScheduler() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    Path config = path.resolve("scheduler/scheduler_config.json");
    String own = Files.readString(config);
    for (String named : List.of("DDIMScheduler", "EulerDiscreteScheduler", "PNDMScheduler")) {
      index(path, "DDPMPipeline", "diffusers", named);
      Scheduler scheduler = DiffusionModel.read(path).scheduler();
      assertEquals(named, scheduler.className());
      assertEquals(PredictionType.V_PREDICTION, scheduler.config().predictionType());
      assertEquals("DDPMScheduler", DiffusionModel.read(path, "ddpm").scheduler().className());
      assertEquals(100, DiffusionModel.read(path).trainingScheduler().config().numTrainTimesteps());
    }
    Files.writeString(config, own.replace("\"_class_name\": \"DDPMScheduler\",", ""));
    index(path, "DDPMPipeline", "diffusers", "DDIMScheduler");
    assertEquals("DDIMScheduler", DiffusionModel.read(path).scheduler().className());
    Files.writeString(config, own.replace("DDPMScheduler", "ASchedulerOfTheFuture"));
    assertRefused(
        config
            + ": it is of ASchedulerOfTheFuture and "
            + path.resolve("model_index.json")
            + " names DDIMScheduler, whose models answer something else: put the class of the model"
            + " into both",
        () -> DiffusionModel.read(path));
  }

  /** Both files are named, whichever of the classes is asked for. */
  @ParameterizedTest
  @CsvSource({
    "DDPMScheduler, EDMEulerScheduler",
    "DDPMScheduler, FlowMatchEulerDiscreteScheduler",
    "CMStochasticIterativeScheduler, DDIMScheduler",
    "EDMEulerScheduler, FlowMatchEulerDiscreteScheduler"
  })
  void classesThatDoNotGoTogetherAreRefused(String own, String named) throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    Path config = path.resolve("scheduler/scheduler_config.json");
    Files.writeString(config, "{\"_class_name\": \"%s\"}".formatted(own));
    index(path, "DDPMPipeline", "diffusers", named);
    for (Executable read :
        List.<Executable>of(
            () -> DiffusionModel.read(path),
            () -> DiffusionModel.read(path, own),
            () -> DiffusionModel.read(path, named))) {
      String message = assertThrows(IOException.class, read).getMessage();
      for (String part :
          List.of(config.toString(), own, path.resolve("model_index.json").toString(), named)) {
        assertTrue(message.contains(part), message);
      }
      assertEquals(1, message.lines().count(), message);
    }
  }

  /** These pipelines of diffusers convert the scheduler that they are given. */
  @Test
  void somePipelinesHaveASchedulerOfTheirOwn() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    index(path, "DDIMPipeline", "diffusers", "DDPMScheduler");
    assertEquals("DDIMScheduler", DiffusionModel.read(path).scheduler().className());
    index(path, "PNDMPipeline", "diffusers", "DDPMScheduler");
    assertEquals("PNDMScheduler", DiffusionModel.read(path).scheduler().className());
    index(path, "DDIMPipeline", "diffusers", "EDMEulerScheduler");
    assertRefused(
        path.resolve("model_index.json")
            + ": scheduler is EDMEulerScheduler, which its DDIMPipeline cannot have: name a"
            + " DDPMPipeline",
        () -> DiffusionModel.read(path));
  }

  /** A sampler that does not exist here is replaced by one that does. */
  @Test
  void samplersThatDoNotExistHereAreReplaced() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    index(path, "DDPMPipeline", "diffusers", "TCDScheduler");
    Path config = path.resolve("scheduler/scheduler_config.json");
    Files.writeString(config, "{\"_class_name\": \"TCDScheduler\", \"beta_end\": 0.01}");
    Scheduler ddim = DiffusionModel.read(path, "ddim").scheduler();
    assertEquals("DDIMScheduler", ddim.className());
    assertEquals(0.01, ddim.config().betaEnd());
    String message = assertThrows(IOException.class, () -> DiffusionModel.read(path)).getMessage();
    assertTrue(message.startsWith(config + ": Unknown scheduler 'TCDScheduler'"), message);
  }

  @Test
  void anIndexThatAsksForMoreIsRefused() throws IOException {
    Path path = directory.resolve("model");
    model().write(path);
    Path index = path.resolve("model_index.json");
    index(path, "DDPMPipeline", "my_module", "DDPMScheduler");
    assertRefused(
        index + ": scheduler is [my_module, DDPMScheduler]: only those of diffusers can be read",
        () -> DiffusionModel.read(path));
    index(path, "DDPMPipeline", "diffusers", "KarrasVeScheduler");
    assertTrue(
        assertThrows(IOException.class, () -> DiffusionModel.read(path))
            .getMessage()
            .startsWith(index + ": Unknown scheduler 'KarrasVeScheduler': choose one of"));
    Files.writeString(
        index,
        """
        {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDPMScheduler"],
         "vqvae": [null, null], "_name_or_path": "x", "later": null, "guided": true}
        """);
    assertTrue(
        assertThrows(IOException.class, () -> DiffusionModel.read(path))
            .getMessage()
            .startsWith(index + ": guided is not a key of diffusers' pipelines"));
    Files.writeString(index, Files.readString(index).replace(", \"guided\": true", ""));
    assertEquals("DDPMScheduler", DiffusionModel.read(path).scheduler().className());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "EDMEulerScheduler",
        "FlowMatchEulerDiscreteScheduler",
        "CMStochasticIterativeScheduler"
      })
  void modelsOfOtherKindsAreNotTrained(String className) {
    Scheduler scheduler = Schedulers.of(className, JsonFields.parse("{}"));
    DiffusionModel model = new DiffusionModel(scheduler, model().unet(), model().parameters());
    Exception e = assertThrows(IllegalArgumentException.class, model::trainingScheduler);
    assertTrue(
        e.getMessage().startsWith("a model for %s cannot be trained here".formatted(className)),
        e.getMessage());
  }

  @Test
  void flowsAreNotTrainedWhateverTheirSolver() {
    Scheduler scheduler =
        Schedulers.of(
            "UniPCMultistepScheduler",
            JsonFields.parse(
                "{\"use_flow_sigmas\": true, \"prediction_type\": \"flow_prediction\"}"));
    DiffusionModel model = new DiffusionModel(scheduler, model().unet(), model().parameters());
    assertThrows(IllegalArgumentException.class, model::trainingScheduler);
  }

  private static void index(Path path, String pipeline, String library, String scheduler)
      throws IOException {
    Files.writeString(
        path.resolve("model_index.json"),
        """
        {"_class_name": "%s", "scheduler": ["%s", "%s"], "unet": ["diffusers", "UNet2DModel"]}
        """
            .formatted(pipeline, library, scheduler));
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
            + ": unet is [diffusers, UNet2DConditionModel]: only pipelines with a UNet2DModel,"
            + " or a class of your own with --plugin, can be read",
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
            + ": unet is [diffusers, UNet2DConditionModel]: only pipelines with a UNet2DModel,"
            + " or a class of your own with --plugin, can be read",
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
