package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Convolution;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.ops.noise.Philox;
import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.GoldenModel;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.unet.ModelFiles;
import io.github.tornadodiffusion.nn.training.Training.StepInput;
import io.github.tornadodiffusion.nn.training.Training.StepResult;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Training steps against PyTorch and diffusers 0.27.2, and against each other. */
class UNetTrainingTest {
  private static final Engine ENGINE = TestEngine.ENGINE;
  private static final String TINY = "tiny_ddpm_pipeline";
  private static final float LEARNING_RATE = 4e-4f;
  private static final int STEPS = 3;
  private static final UNets.Options OPTIONS = new UNets.Options(4, 16, 16, true);
  private static final UNets.Options GIVEN = new UNets.Options(4, 16, 16, true, false, true);

  private static ModelFiles.UNet unet;
  private static JsonNode json;
  private static Map<String, HostTensor> io;

  @BeforeAll
  static void read() throws IOException {
    unet = GoldenModel.read(TINY + "/unet");
    json = JsonMapper.shared().readTree(Golden.path(TINY + ".json").toFile());
    io = Safetensors.read(Golden.path(TINY + ".io.safetensors"));
  }

  private static OptimizerStep update(int step, float maxGradNorm) {
    return new OptimizerStep(new AdamW(LEARNING_RATE), step + 1, maxGradNorm, 0.5f);
  }

  /** Step k of the reference, whose coefficients are those of squaredcos_cap_v2. */
  private static Step input(int k, float maxGradNorm) {
    float[] timesteps =
        GoldenModel.floats(json.get("train").get("batches").get(k).get("timesteps"));
    float[] signal = new float[timesteps.length];
    float[] sigma = new float[timesteps.length];
    for (int i = 0; i < timesteps.length; i++) {
      double alphasCumprod = 1;
      for (int t = 0; t <= timesteps[i]; t++) {
        double beta = 1 - alphaBar((t + 1) / 1000.0) / alphaBar(t / 1000.0);
        alphasCumprod *= 1 - Math.min(beta, 0.999);
      }
      signal[i] = (float) Math.sqrt(alphasCumprod);
      sigma[i] = (float) Math.sqrt(1 - alphasCumprod);
    }
    float[] ones = new float[timesteps.length];
    Arrays.fill(ones, 1);
    Denoising.Batch batch =
        new Denoising.Batch(
            io.get("train.step%d.clean".formatted(k)).values(),
            timesteps,
            null,
            signal,
            sigma,
            ones,
            new float[timesteps.length],
            null,
            ones,
            null);
    return new Step(batch, new Counter(11, k, 0), update(k, maxGradNorm));
  }

  /** What a call works on. */
  private record Step(Denoising.Batch batch, Counter counter, OptimizerStep update) {
    StepResult of(Training training) {
      return training.step(new StepInput(batch.values(), counter, update));
    }
  }

  private static Step given(Step input, float[] noise) {
    return with(input, noise, input.counter, input.batch.weights(), true, 0, 4);
  }

  /** Images {@code from .. to - 1} of a step, with other noise and weights. */
  private static Step with(
      Step of, float[] noise, Counter counter, float[] weights, boolean update, int from, int to) {
    Denoising.Batch step = of.batch;
    int values = step.images().length / step.timesteps().length;
    Denoising.Batch batch =
        new Denoising.Batch(
            Arrays.copyOfRange(step.images(), from * values, to * values),
            Arrays.copyOfRange(step.timesteps(), from, to),
            null,
            Arrays.copyOfRange(step.signal(), from, to),
            Arrays.copyOfRange(step.sigma(), from, to),
            Arrays.copyOfRange(step.targetNoise(), from, to),
            Arrays.copyOfRange(step.targetSample(), from, to),
            noise,
            weights,
            null);
    return new Step(batch, counter, update ? of.update : null);
  }

  private static double alphaBar(double t) {
    double cos = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
    return cos * cos;
  }

  private static float[] noise(int k) {
    return io.get("train.step%d.noise_target".formatted(k)).values();
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "DIRECT"})
  void threeStepsOfAdamW(Convolution convolution) throws IOException {
    Map<String, HostTensor> expected = Safetensors.read(Golden.path(TINY + ".after3.safetensors"));
    JsonNode train = json.get("train");
    try (Engine engine = TestEngine.another(convolution);
        Training training = UNets.training(engine, unet.config(), unet.parameters(), GIVEN)) {
      for (int k = 0; k < STEPS; k++) {
        StepResult result = given(input(k, 0), noise(k)).of(training);
        assertEquals(train.get("losses_fp64").get(k).asDouble(), result.loss(), 2e-6, "step " + k);
        double norm = train.get("grad_norms").get(k).asDouble();
        assertEquals(norm, result.gradNorm(), 1e-5 * norm, "step " + k);
      }
      JsonNode errors = train.get("after_fp32_vs_fp64_maxabsdiff");
      training
          .parameters()
          .forEach((name, value) -> {
            // A key bias has no gradient; AdamW makes steps of the noise that is there instead.
            // It does the same to single elements whose gradient is near its epsilon.
            boolean noGradient = name.endsWith("to_k.bias");
            boolean direct = TestEngine.isJvm() && convolution == Convolution.DIRECT;
            double single = direct ? 2e-5 : 6e-5;
            double tolerance =
                noGradient ? STEPS * LEARNING_RATE : 3 * errors.get(name).asDouble() + single;
            float[] reference = expected.get(name).values();
            Errors.check(name, value.values(), reference, tolerance);
            if (!noGradient) {
              Errors.checkMean(name, value.values(), reference, 1e-7);
            }
          });
      double after = given(input(0, 0), noise(0)).of(training).loss();
      assertEquals(train.get("loss_batch0_after_steps").asDouble(), after, 1e-5);
    }
  }

  @Test
  void clippingScalesTheGradient() {
    // After one step the first moment is (1 - beta1) times the gradient that AdamW saw.
    try (Training free = UNets.training(ENGINE, unet.config(), unet.parameters(), GIVEN);
        Training clipped = UNets.training(ENGINE, unet.config(), unet.parameters(), GIVEN)) {
      double norm = given(input(0, 0), noise(0)).of(free).gradNorm();
      assertEquals(norm, given(input(0, 1), noise(0)).of(clipped).gradNorm());
      double factor = 1 / (norm + 1e-6);
      assertTrue(factor < 0.5, "the reference's gradient must need clipping");
      Map<String, HostTensor> moments = clipped.optimizerState(AdamW.FIRST_MOMENTS);
      free.optimizerState(AdamW.FIRST_MOMENTS)
          .forEach((name, value) -> {
            float[] scaled = value.values().clone();
            for (int i = 0; i < scaled.length; i++) {
              scaled[i] *= (float) factor;
            }
            Errors.check(
                name, moments.get(name).values(), scaled, 1e-6 * Errors.magnitude(scaled) + 1e-12);
          });
    }
  }

  @Test
  void averageFollowsParameters() {
    try (Training training = UNets.training(ENGINE, unet.config(), unet.parameters(), OPTIONS)) {
      input(0, 0).of(training);
      Map<String, HostTensor> after = training.parameters();
      training
          .emaParameters()
          .forEach((name, shadow) -> {
            float[] before = unet.parameters().get(name).values();
            float[] expected = new float[before.length];
            for (int i = 0; i < before.length; i++) {
              expected[i] = 0.5f * (before[i] + after.get(name).values()[i]);
            }
            Errors.check(name, shadow.values(), expected, 1e-7);
          });
    }
  }

  @Test
  void noiseOfTheDeviceIsPhilox() {
    int pixels = 16 * 16;
    float[] nhwc = new float[4 * pixels * 3];
    Philox.gaussian(11, Denoising.NOISE_STREAM, 0, 0, nhwc);
    float[] nchw = new float[nhwc.length];
    for (int i = 0; i < nhwc.length; i++) {
      int image = i / (3 * pixels);
      nchw[(image * 3 + i % 3) * pixels + i / 3 % pixels] = nhwc[i];
    }
    try (Training drawn = UNets.training(ENGINE, unet.config(), unet.parameters(), OPTIONS);
        Training given = UNets.training(ENGINE, unet.config(), unet.parameters(), GIVEN)) {
      float[] expected = given(input(0, 0), nchw).of(given).lossPerImage();
      float[] actual = input(0, 0).of(drawn).lossPerImage();
      if (TestEngine.isJvm()) {
        assertArrayEquals(expected, actual);
        assertTrue(given.parameters().equals(drawn.parameters()), "the parameters differ");
      } else {
        // The sine, cosine and logarithm of a driver round in their own way.
        assertArrayEquals(expected, actual, 2e-6f);
      }
    }
  }

  @Test
  void resumesBitForBitOnAnyNumberOfThreads() {
    SequencedMap<String, HostTensor> straight;
    try (Training training = UNets.training(ENGINE, unet.config(), unet.parameters(), OPTIONS)) {
      input(0, 1).of(training);
      input(1, 1).of(training);
      straight = training.parameters();
    }
    try (Engine single = TestEngine.another(1);
        Engine triple = TestEngine.another(3);
        Training first = UNets.training(single, unet.config(), unet.parameters(), OPTIONS);
        Training second = UNets.training(triple, unet.config(), unet.parameters(), OPTIONS)) {
      input(0, 1).of(first);
      second.setState(
          first.parameters(),
          Map.of(
              AdamW.FIRST_MOMENTS,
              first.optimizerState(AdamW.FIRST_MOMENTS),
              AdamW.SECOND_MOMENTS,
              first.optimizerState(AdamW.SECOND_MOMENTS)),
          first.emaParameters());
      input(1, 1).of(second);
      assertTrue(straight.equals(second.parameters()), "the resumed training differs");
    }
  }

  /** Two calls of two images are one of four, up to rounding, step after step. */
  @Test
  void accumulationIsALargerBatch() {
    UNets.Options half = new UNets.Options(2, 16, 16, true, true, false);
    try (Training whole = UNets.training(ENGINE, unet.config(), unet.parameters(), OPTIONS);
        Training parts = UNets.training(ENGINE, unet.config(), unet.parameters(), half)) {
      for (int k = 0; k < 2; k++) {
        StepResult expected = input(k, 1).of(whole);
        float[] weights = {0.5f, 0.5f};
        StepResult first =
            with(input(k, 1), null, new Counter(11, k, 0), weights, false, 0, 2).of(parts);
        StepResult second =
            with(input(k, 1), null, new Counter(11, k, 2), weights, true, 2, 4).of(parts);
        assertEquals(expected.loss(), (first.loss() + second.loss()) / 2, 1e-6);
        assertEquals(0, first.gradNorm());
        assertEquals(expected.gradNorm(), second.gradNorm(), 1e-6 * expected.gradNorm());
        Map<String, HostTensor> moments = parts.optimizerState(AdamW.FIRST_MOMENTS);
        whole
            .optimizerState(AdamW.FIRST_MOMENTS)
            .forEach((name, value) -> {
              float[] reference = value.values();
              // Where a thread computes one lane, longer sums round more than those of 16 lanes.
              double tolerance = 3e-5 * Errors.magnitude(reference) + 1e-9;
              Errors.check(name, moments.get(name).values(), reference, tolerance);
            });
      }
    }
  }

  /** A batch whose last two images weigh nothing is a batch of the first two. */
  @Test
  void weightsScaleTheLossOfAnImage() {
    UNets.Options half = new UNets.Options(2, 16, 16, false);
    Counter counter = new Counter(11, 0, 0);
    try (Training whole = UNets.training(ENGINE, unet.config(), unet.parameters(), OPTIONS);
        Training two = UNets.training(ENGINE, unet.config(), unet.parameters(), half)) {
      float[] weights = {1, 3, 0, 0};
      with(input(0, 0), null, counter, weights, true, 0, 4).of(whole);
      with(input(0, 0), null, counter, new float[] {0.5f, 1.5f}, true, 0, 2).of(two);
      Map<String, HostTensor> moments = whole.optimizerState(AdamW.FIRST_MOMENTS);
      two.optimizerState(AdamW.FIRST_MOMENTS)
          .forEach((name, value) -> {
            double tolerance = 2e-5 * Errors.magnitude(value.values()) + 1e-9;
            Errors.check(name, moments.get(name).values(), value.values(), tolerance);
          });
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    try (Training training = UNets.training(ENGINE, unet.config(), unet.parameters(), OPTIONS)) {
      Step good = input(0, 0);
      Denoising.Batch batch = good.batch;
      Denoising.Batch labels =
          new Denoising.Batch(
              batch.images(),
              batch.timesteps(),
              new int[4],
              batch.signal(),
              batch.sigma(),
              batch.targetNoise(),
              batch.targetSample(),
              null,
              null,
              null);
      Step labelled = new Step(labels, good.counter, good.update);
      assertThrows(IllegalArgumentException.class, () -> labelled.of(training));
      Step withNoise = given(good, noise(0));
      assertThrows(IllegalArgumentException.class, () -> withNoise.of(training));
      Step uncounted = new Step(batch, null, good.update);
      assertThrows(IllegalArgumentException.class, () -> uncounted.of(training));
      Step part = with(good, null, good.counter, batch.weights(), false, 0, 4);
      assertThrows(IllegalArgumentException.class, () -> part.of(training));
      Map<String, HostTensor> parameters = training.parameters();
      parameters.remove("conv_in.bias");
      Exception missing =
          assertThrows(
              IllegalArgumentException.class,
              () -> UNets.training(ENGINE, unet.config(), parameters, OPTIONS));
      assertTrue(missing.getMessage().contains("conv_in.bias"), missing.getMessage());
    }
  }
}
