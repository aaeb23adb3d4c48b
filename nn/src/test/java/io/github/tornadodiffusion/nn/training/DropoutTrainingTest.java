package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.programs.Inference;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Training of models that were once refused: with dropout, and with embeddings of logarithms. */
class DropoutTrainingTest {
  private static final int SIZE = 8;
  private static final int BATCH = 4;
  private static final int IMAGE = 3 * SIZE * SIZE;
  private static final AdamW ADAM_W = new AdamW(1e-3f);

  private static UNet2DConfig config(double dropout, String time, String classes) {
    return UNet2DConfig.builder()
        .sampleSize(SIZE)
        .blockOutChannels(8, 12)
        .downBlockTypes("DownBlock2D", "ResnetDownsampleBlock2D")
        .upBlockTypes("UpBlock2D", "UpBlock2D")
        .layersPerBlock(1)
        .normNumGroups(4)
        .dropout(dropout)
        .timeEmbeddingType(time)
        .classEmbedType(classes)
        .build();
  }

  private static Map<String, HostTensor> parameters(UNet2DConfig config) {
    return Initialisation.pytorchDefault(new UNet2DModel(config).parameters().specs(), 1);
  }

  private static float[] images() {
    float[] images = new float[BATCH * IMAGE];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) Math.sin(i * i);
    }
    return images;
  }

  /** Of some images of a batch, whose noise and masks are those of the whole. */
  private static Training.StepInput input(
      int from, int to, float weight, boolean update, float firstTimestep, int[] labels) {
    float[] half = new float[to - from];
    Arrays.fill(half, 0.5f);
    float[] weights = new float[to - from];
    Arrays.fill(weights, weight);
    float[] timesteps = Arrays.copyOfRange(new float[] {firstTimestep, 3, 50, 700}, from, to);
    Denoising.Batch batch =
        new Denoising.Batch(
            Arrays.copyOfRange(images(), from * IMAGE, to * IMAGE),
            timesteps,
            labels,
            half,
            half,
            half,
            half,
            null,
            weights,
            null);
    return new Training.StepInput(
        batch.values(), new Counter(9, 4, from), update ? new OptimizerStep(ADAM_W, 1) : null);
  }

  private static Training.StepInput whole() {
    return input(0, BATCH, 1, true, 1, null);
  }

  private static Map<String, HostTensor> gradients(
      Engine engine, UNet2DConfig config, Training.StepInput input) {
    try (Training training =
        UNets.training(
            engine, config, parameters(config), new UNets.Options(BATCH, SIZE, SIZE, false))) {
      training.step(input);
      return training.gradients();
    }
  }

  @Test
  void dropoutDropsInTrainingAlone() {
    UNet2DConfig drops = config(0.2, "positional", null);
    UNet2DConfig keeps = config(0, "positional", null);
    assertNotEquals(
        gradients(TestEngine.ENGINE, keeps, whole()), gradients(TestEngine.ENGINE, drops, whole()));
    Map<String, float[]> values =
        UNetInputs.of(images(), new float[] {1, 3, 50, 700}, null).values();
    Map<String, HostTensor> parameters = parameters(keeps);
    try (Inference a = UNets.inference(TestEngine.ENGINE, drops, parameters, BATCH, SIZE, SIZE);
        Inference b = UNets.inference(TestEngine.ENGINE, keeps, parameters, BATCH, SIZE, SIZE)) {
      assertEquals(0, Arrays.compare(a.predict(values), b.predict(values)));
    }
  }

  /** The masks of a part are those of the whole, and every layer has its own. */
  @Test
  void partsOfABatchDropAsTheWhole() {
    UNet2DConfig config = config(0.3, "positional", null);
    Map<String, HostTensor> expected = gradients(TestEngine.ENGINE, config, whole());
    try (Training parts =
        UNets.training(
            TestEngine.ENGINE,
            config,
            parameters(config),
            new UNets.Options(2, SIZE, SIZE, false, true, false))) {
      parts.step(input(0, 2, 0.5f, false, 1, null));
      parts.step(input(2, 4, 0.5f, true, 1, null));
      // Of a first step, (1 - beta1) times the gradient.
      parts
          .optimizerState(AdamW.FIRST_MOMENTS)
          .forEach((name, moment) -> {
            float[] gradient = expected.get(name).values().clone();
            for (int i = 0; i < gradient.length; i++) {
              gradient[i] *= 0.1f;
            }
            double tolerance = 2e-5 * Errors.magnitude(gradient) + 1e-9;
            Errors.check(name, moment.values(), gradient, tolerance);
          });
    }
  }

  @Test
  void theNumberOfThreadsChangesNoBit() {
    UNet2DConfig config = config(0.3, "positional", null);
    try (Engine other = TestEngine.another(3)) {
      assertEquals(
          gradients(TestEngine.ENGINE, config, whole()), gradients(other, config, whole()));
    }
  }

  /** Along the gradient the loss falls as that says, with the same masks. */
  @Test
  void gradientsAreDifferencesOfTheLoss() {
    checkSlope(config(0.25, "positional", null), null);
    checkSlope(config(0, "fourier", null), null);
    checkSlope(config(0, "positional", "timestep"), new int[] {0, 4, 2, 2});
    checkSlope(config(0.1, "fourier", "timestep"), new int[] {1, 4, 2, 2});
  }

  private static void checkSlope(UNet2DConfig config, int[] labels) {
    Training.StepInput input = input(0, BATCH, 1, true, 1, labels);
    Map<String, HostTensor> gradients = gradients(TestEngine.ENGINE, config, input);
    Map<String, HostTensor> initial = parameters(config);
    double squares = 0;
    for (HostTensor gradient : gradients.values()) {
      for (float value : gradient.values()) {
        squares += (double) value * value;
      }
    }
    double[] losses = new double[2];
    double length = 2e-3 / Math.sqrt(squares);
    for (int side = 0; side < 2; side++) {
      Map<String, HostTensor> moved = new HashMap<>(initial);
      for (Map.Entry<String, HostTensor> gradient : gradients.entrySet()) {
        HostTensor before = initial.get(gradient.getKey());
        float[] values = before.values().clone();
        for (int i = 0; i < values.length; i++) {
          values[i] += (float) ((2 * side - 1) * length * gradient.getValue().values()[i]);
        }
        moved.put(gradient.getKey(), new HostTensor(before.shape(), values));
      }
      try (Training training =
          UNets.training(
              TestEngine.ENGINE, config, moved, new UNets.Options(BATCH, SIZE, SIZE, false))) {
        losses[side] = training.step(input).loss();
      }
    }
    assertEquals(squares, (losses[1] - losses[0]) / (2 * length), 0.02 * squares);
  }

  /** The random frequencies of diffusers' Fourier features are drawn once. */
  @Test
  void frequenciesAreNotTrained() {
    UNet2DConfig config = config(0, "fourier", null);
    Map<String, HostTensor> before = parameters(config);
    try (Training training =
        UNets.training(
            TestEngine.ENGINE, config, before, new UNets.Options(BATCH, SIZE, SIZE, true))) {
      training.step(whole());
      assertEquals(before.get("time_proj.weight"), training.parameters().get("time_proj.weight"));
      assertEquals(
          before.get("time_proj.weight"), training.emaParameters().get("time_proj.weight"));
      assertNotEquals(before.get("conv_in.weight"), training.parameters().get("conv_in.weight"));
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> training.step(input(0, BATCH, 1, true, 0, null)))
              .getMessage();
      assertTrue(message.contains("use numbers above 0"), message);
    }
  }
}
