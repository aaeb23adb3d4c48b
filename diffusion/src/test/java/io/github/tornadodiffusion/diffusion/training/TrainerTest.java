package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.training.Checkpoints.Checkpoint;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
  private static final Trainer.Listener SILENT = row -> {};
  private static final UNet2DConfig UNET = TinyUNet.config(8, 1, 8, 16);
  private static final Dataset DIGITS = new Digits(8, 1);

  private static final JvmEngine ENGINE = new JvmEngine(2);

  @TempDir private Path directory;

  @AfterAll
  static void close() {
    ENGINE.close();
  }

  private static TrainingConfig config(int steps) {
    return TrainingConfigs.of(
        UNET, 4, steps, BetaSchedule.LINEAR, PredictionType.EPSILON, 1e-3, 0.99, 7);
  }

  private static Map<String, HostTensor> train(JvmEngine engine, TrainingConfig config) {
    try (Trainer trainer = new Trainer(engine, config, DIGITS)) {
      trainer.run(SILENT);
      return trainer.parameters();
    }
  }

  @Test
  void isTheSameEveryTimeAndWithAnyNumberOfThreads() {
    Map<String, HostTensor> parameters = train(ENGINE, config(4));
    assertEquals(parameters, train(ENGINE, config(4)));
    for (int threads : new int[] {1, 3}) {
      try (JvmEngine engine = new JvmEngine(threads)) {
        assertEquals(parameters, train(engine, config(4)), threads + " threads");
      }
    }
    assertNotEquals(parameters, train(ENGINE, config(5)));
  }

  @Test
  void goesOnAsIfItHadNeverStopped() throws IOException {
    Trainer whole = new Trainer(ENGINE, config(6), DIGITS);
    whole.run(SILENT);
    Checkpoint checkpoint;
    try (Trainer first = new Trainer(ENGINE, config(6), DIGITS)) {
      first.runTo(3, SILENT);
      checkpoint = first.save(checkpoints(), 1);
    }
    try (Trainer second = Trainer.resume(ENGINE, config(6), DIGITS, checkpoint)) {
      assertEquals(3, second.step());
      second.run(SILENT);
      assertEquals(6, second.step());
      assertEquals(whole.parameters(), second.parameters());
      assertEquals(losses(whole), losses(second));
      checkpoint = second.save(checkpoints(), 1);
    }
    Checkpoint other = whole.save(new Checkpoints(directory), 1);
    String state = "state.safetensors";
    assertEquals(-1, Files.mismatch(checkpoint.path().resolve(state), other.path().resolve(state)));
    whole.close();
  }

  private Checkpoints checkpoints() throws IOException {
    Checkpoints checkpoints = Checkpoints.of(directory);
    checkpoints.makeDirectory();
    return checkpoints;
  }

  private static List<List<Number>> losses(Trainer trainer) {
    return trainer.curve().rows().stream()
        .map(row -> List.<Number>of(row.step(), row.epoch(), row.loss(), row.gradNorm()))
        .toList();
  }

  private Checkpoint checkpoint(int step) throws IOException {
    try (Trainer trainer = new Trainer(ENGINE, config(step), DIGITS)) {
      trainer.run(SILENT);
      return trainer.save(checkpoints(), 1);
    }
  }

  @Test
  void resumesOnlyItsOwnRun() throws IOException {
    Checkpoint checkpoint = checkpoint(1);
    checkpoint.check(config(9), DIGITS);
    Trainer.resume(ENGINE, config(9), DIGITS, checkpoint).close();
    TrainingConfig other =
        TrainingConfigs.of(UNET, 4, 2, BetaSchedule.LINEAR, PredictionType.EPSILON, 2e-3, 0.99, 7);
    assertMessage(
        "The run to resume has \"lr\": 0.001 where this one has \"lr\": 0.002: give the options it"
            + " began with",
        () -> Trainer.resume(ENGINE, other, DIGITS, checkpoint));
    assertMessage(
        "The run to resume trains on other images: give the --data it began with",
        () -> Trainer.resume(ENGINE, config(2), new BrokenImages(DIGITS), checkpoint));
  }

  /** As hands make them, with sums that are right: the checksums say nothing then. */
  @Test
  void checkpointsOfOtherContentAreRefused() throws IOException {
    Checkpoint checkpoint = checkpoint(1);
    Path state = checkpoint.path().resolve("state.safetensors");
    Map<String, String> metadata;
    try (SafetensorsFile file = Safetensors.open(state)) {
      metadata = new TreeMap<>(file.metadata());
    }
    for (String step : List.of("", "-1", "1e3", "99999999999")) {
      metadata.put("step", step);
      Safetensors.write(state, new LinkedHashMap<>(), metadata);
      assertRefusal(checkpoint, state + " is not a training state: start the run anew");
    }
    metadata.put("step", "1");
    Safetensors.write(state, new LinkedHashMap<>(), metadata);
    Path curve = checkpoint.path().resolve("loss.csv");
    Files.writeString(curve, "1,2\n");
    assertRefusal(checkpoint, curve + " is not a loss curve: its first line must be ");
  }

  private static void assertRefusal(Checkpoint checkpoint, String start) {
    String message =
        assertThrows(IOException.class, () -> checkpoint.check(config(1), DIGITS)).getMessage();
    assertTrue(message.startsWith(start), message);
  }

  @Test
  void doesNotGoBack() throws IOException {
    Checkpoint checkpoint = checkpoint(3);
    assertMessage(
        "The run to resume has done 3 steps and is to end after 2: give at least as many",
        () -> checkpoint.check(config(2), DIGITS));
    checkpoint.check(config(3), DIGITS);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FLOW_PREDICTION")
  void learnsEveryPredictionType(PredictionType prediction) throws IOException {
    TrainingConfig config =
        TrainingConfigs.of(UNET, 8, 3, BetaSchedule.SQUAREDCOS_CAP_V2, prediction, 1e-3, 0, 1);
    try (Trainer trainer = new Trainer(ENGINE, config, DIGITS)) {
      trainer.run(SILENT);
      assertEquals(3, trainer.curve().rows().size());
      LossCurve.Row row = trainer.curve().rows().getLast();
      assertEquals(3, row.step());
      assertEquals(1, row.epoch());
      assertEquals(1e-3, row.learningRate());
      assertTrue(row.loss() > 0 && row.loss() < 3, "loss " + row.loss());
      assertTrue(row.gradNorm() > 0, "norm " + row.gradNorm());
      List<Double> means = row.quartiles().stream().filter(mean -> !mean.isNaN()).toList();
      assertTrue(Collections.min(means) <= row.loss(), row.toString());
      assertTrue(Collections.max(means) >= row.loss(), row.toString());
      Path csv = directory.resolve("loss.csv");
      trainer.curve().write(csv);
      assertEquals(trainer.curve().rows(), LossCurve.read(csv).rows());
      assertEquals(
          "step,epoch,loss,q0,q1,q2,q3,grad_norm,lr,images_per_s,vlb",
          Files.readAllLines(csv).getFirst());
      assertEquals(prediction, config.scheduler().config().predictionType());
    }
  }

  /** Without a gradient, AdamW only decays a row of the class embedding. */
  @Test
  void trainsTheEmbeddingsOfTheLabelsSeen() {
    UNet2DConfig unet = UNET.toBuilder().numClassEmbeds(10).build();
    TrainingConfig config = TrainingConfigs.of(unet, 4, 2, BetaSchedule.LINEAR, 0);
    String name = "class_embedding.weight";
    float[] before =
        Initialisation.pytorchDefault(new UNet2DModel(unet).parameters().specs(), 0)
            .get(name)
            .values();
    float[] after = train(ENGINE, config).get(name).values();
    Batches batches = new Batches(DIGITS, 4, false, 0);
    Set<Integer> seen = new TreeSet<>();
    Set<Integer> trained = new TreeSet<>();
    for (int step = 0; step < 2; step++) {
      Arrays.stream(batches.batch(step).labels()).forEach(seen::add);
    }
    for (int i = 0; i < before.length; i++) {
      if (Math.abs(after[i] - before[i]) > 1e-4) {
        trained.add(i / (before.length / 10));
      }
    }
    assertEquals(seen, trained);
  }

  /** Every image has one pixel that is not a number. */
  private record BrokenImages(Dataset whole) implements Dataset {
    @Override
    public float[] image(int index) {
      float[] image = whole.image(index);
      image[5] = Float.NaN;
      return image;
    }

    @Override
    public String name() {
      return "broken";
    }

    @Override
    public int size() {
      return whole.size();
    }

    @Override
    public int channels() {
      return whole.channels();
    }

    @Override
    public int imageSize() {
      return whole.imageSize();
    }

    @Override
    public int label(int index) {
      return whole.label(index);
    }

    @Override
    public int classes() {
      return whole.classes();
    }

    @Override
    public String hash() {
      return "broken";
    }
  }

  private static DivergenceException diverges(TrainingConfig config, Dataset dataset) {
    try (Trainer trainer = new Trainer(ENGINE, config, dataset)) {
      DivergenceException e = assertThrows(DivergenceException.class, () -> trainer.run(SILENT));
      assertEquals(e.step(), trainer.step() + 1);
      return e;
    }
  }

  @Test
  void saysThatTheDataIsBroken() throws IOException {
    Dataset broken = new BrokenImages(DIGITS);
    DivergenceException e = diverges(config(5), broken);
    assertEquals("The loss is NaN and the gradient's norm NaN at step 1", e.getMessage());
    assertEquals(
        "image 1 of the batch has 4 of 256 numbers NaN or infinite, the first NaN: check the data",
        Trainer.findNonFinite(ENGINE, config(5), broken, null, 1, SILENT));
  }

  /** A learning rate that makes the parameters so large that something overflows. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void saysWhichOperationOverflowed(int accumulate) throws IOException {
    TrainingConfig config =
        TrainingConfigs.with(
            TrainingConfigs.of(UNET, 4, 50, BetaSchedule.LINEAR, PredictionType.EPSILON, 900, 0, 7),
            new TrainingVariant(
                accumulate,
                LossWeight.UNIFORM,
                0,
                0,
                VarianceType.FIXED_SMALL,
                Rng.PHILOX,
                TimestepDensity.UNIFORM,
                null));
    int step = diverges(config, DIGITS).step();
    assertTrue(step > 1, "step " + step);
    String fromTheStart = Trainer.findNonFinite(ENGINE, config, DIGITS, null, step, SILENT);
    assertTrue(fromTheStart.startsWith("the first operation to give one is "), fromTheStart);
    assertTrue(fromTheStart.contains("NaN or infinite, the first Infinity"), fromTheStart);
    Checkpoint checkpoint;
    try (Trainer trainer = new Trainer(ENGINE, config, DIGITS)) {
      trainer.runTo(1, SILENT);
      checkpoint = trainer.save(checkpoints(), 1);
    }
    assertEquals(
        fromTheStart, Trainer.findNonFinite(ENGINE, config, DIGITS, checkpoint, step, SILENT));
    assertEquals(
        "repeated on the jvm device there is none: check the device",
        Trainer.findNonFinite(ENGINE, config, DIGITS, null, 1, SILENT));
  }

  @Test
  void refusesDataThatDoesNotFit() {
    assertMessage(
        "The images of digits have 3 channels, the model 1: choose another data set or preset",
        () -> new Trainer(ENGINE, config(1), new Digits(8, 3)));
    assertMessage(
        "The images of digits are 16 pixels wide, the model's 8: open the data at the model's size",
        () -> new Trainer(ENGINE, config(1), new Digits(16, 1)));
    UNet2DConfig nine = UNET.toBuilder().sampleSize(UNet2DConfig.SampleSize.square(9)).build();
    assertMessage(
        "image size is 9: it must be a multiple of 2, because the model halves it 1 times",
        () -> TrainingConfigs.of(nine, 1, 1, BetaSchedule.LINEAR, 0));
    assertMessage(
        "batch times accumulate is 2147483648: it must be at most 2147483647",
        () ->
            TrainingConfigs.with(
                TrainingConfigs.of(UNET, 1 << 16, 1, BetaSchedule.LINEAR, 0),
                new TrainingVariant(
                    1 << 15,
                    LossWeight.UNIFORM,
                    0,
                    0,
                    VarianceType.FIXED_SMALL,
                    Rng.PHILOX,
                    TimestepDensity.UNIFORM,
                    null)));
    assertMessage(
        "lr is NaN: it must be above 0 and below 1000",
        () ->
            TrainingConfigs.of(
                UNET, 1, 1, BetaSchedule.LINEAR, PredictionType.EPSILON, Double.NaN, 0, 0));
    assertMessage(
        "batch is 0: it must be at least 1",
        () -> TrainingConfigs.of(UNET, 0, 1, BetaSchedule.LINEAR, 0));
  }

  private static void assertMessage(String message, Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
