package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.ops.noise.Philox;
import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.GoldenModel;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.unet.ModelFiles;
import io.github.tornadodiffusion.nn.training.UNetTraining.Hyperparameters;
import io.github.tornadodiffusion.nn.training.UNetTraining.NoiseSource;
import io.github.tornadodiffusion.nn.training.UNetTraining.StepInput;
import io.github.tornadodiffusion.nn.training.UNetTraining.StepResult;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Training steps against PyTorch and diffusers 0.27.2, and against each other. */
class UNetTrainingTest {
  private static final Engine ENGINE = TestEngine.ENGINE;
  private static final String TINY = "tiny_ddpm_pipeline";
  private static final float LEARNING_RATE = 4e-4f;
  private static final int STEPS = 3;
  private static final UNetTraining.Options OPTIONS = new UNetTraining.Options(4, 16, 16, true);
  private static final UNetTraining.Options GIVEN =
      new UNetTraining.Options(4, 16, 16, true, false, true);

  private static ModelFiles.UNet unet;
  private static JsonNode json;
  private static Map<String, HostTensor> io;

  @BeforeAll
  static void read() throws IOException {
    unet = GoldenModel.read(TINY + "/unet");
    json = JsonMapper.shared().readTree(Golden.path(TINY + ".json").toFile());
    io = Safetensors.read(Golden.path(TINY + ".io.safetensors"));
  }

  private static Hyperparameters hyper(int step, float maxGradNorm) {
    return new Hyperparameters(
        LEARNING_RATE, 0.9f, 0.999f, 1e-8f, 1e-2f, step + 1, maxGradNorm, 0.5f);
  }

  /** Step k of the reference, whose coefficients are those of squaredcos_cap_v2. */
  private static StepInput input(int k, float maxGradNorm) {
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
    return new StepInput(
        io.get("train.step%d.clean".formatted(k)).values(),
        timesteps,
        null,
        signal,
        sigma,
        ones,
        new float[timesteps.length],
        11,
        k,
        hyper(k, maxGradNorm));
  }

  private static StepInput given(StepInput input, float[] noise) {
    return with(input, new NoiseSource.Given(noise), input.lossWeights(), true, 0, 4);
  }

  /** Images {@code from .. to - 1} of a step, with other noise and weights. */
  private static StepInput with(
      StepInput step, NoiseSource noise, float[] weights, boolean update, int from, int to) {
    int values = step.images().length / step.timesteps().length;
    return new StepInput(
        Arrays.copyOfRange(step.images(), from * values, to * values),
        Arrays.copyOfRange(step.timesteps(), from, to),
        null,
        Arrays.copyOfRange(step.signal(), from, to),
        Arrays.copyOfRange(step.sigma(), from, to),
        Arrays.copyOfRange(step.targetNoise(), from, to),
        Arrays.copyOfRange(step.targetSample(), from, to),
        noise,
        weights,
        null,
        update,
        step.hyperparameters());
  }

  private static double alphaBar(double t) {
    double cos = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
    return cos * cos;
  }

  private static float[] noise(int k) {
    return io.get("train.step%d.noise_target".formatted(k)).values();
  }

  @Test
  void threeStepsOfAdamW() throws IOException {
    Map<String, HostTensor> expected = Safetensors.read(Golden.path(TINY + ".after3.safetensors"));
    JsonNode train = json.get("train");
    try (UNetTraining training =
        UNetTraining.open(ENGINE, unet.config(), unet.parameters(), GIVEN)) {
      for (int k = 0; k < STEPS; k++) {
        StepResult result = training.step(given(input(k, 0), noise(k)));
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
            double single = TestEngine.isJvm() ? 2e-5 : 4e-5;
            double tolerance =
                noGradient ? STEPS * LEARNING_RATE : 3 * errors.get(name).asDouble() + single;
            float[] reference = expected.get(name).values();
            Errors.check(name, value.values(), reference, tolerance);
            if (!noGradient) {
              Errors.checkMean(name, value.values(), reference, 1e-7);
            }
          });
      double after = training.step(given(input(0, 0), noise(0))).loss();
      assertEquals(train.get("loss_batch0_after_steps").asDouble(), after, 1e-5);
    }
  }

  @Test
  void clippingScalesTheGradient() {
    // After one step the first moment is (1 - beta1) times the gradient that AdamW saw.
    try (UNetTraining free = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), GIVEN);
        UNetTraining clipped = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), GIVEN)) {
      double norm = free.step(given(input(0, 0), noise(0))).gradNorm();
      assertEquals(norm, clipped.step(given(input(0, 1), noise(0))).gradNorm());
      double factor = 1 / (norm + 1e-6);
      assertTrue(factor < 0.5, "the reference's gradient must need clipping");
      Map<String, HostTensor> moments = clipped.firstMoments();
      free.firstMoments()
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
    try (UNetTraining training =
        UNetTraining.open(ENGINE, unet.config(), unet.parameters(), OPTIONS)) {
      training.step(input(0, 0));
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
    Philox.gaussian(11, UNetTraining.NOISE_STREAM, 0, 0, nhwc);
    float[] nchw = new float[nhwc.length];
    for (int i = 0; i < nhwc.length; i++) {
      int image = i / (3 * pixels);
      nchw[(image * 3 + i % 3) * pixels + i / 3 % pixels] = nhwc[i];
    }
    try (UNetTraining drawn = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), OPTIONS);
        UNetTraining given = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), GIVEN)) {
      float[] expected = given.step(given(input(0, 0), nchw)).lossPerImage();
      float[] actual = drawn.step(input(0, 0)).lossPerImage();
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
    try (UNetTraining training =
        UNetTraining.open(ENGINE, unet.config(), unet.parameters(), OPTIONS)) {
      training.step(input(0, 1));
      training.step(input(1, 1));
      straight = training.parameters();
    }
    try (Engine single = TestEngine.another(1);
        Engine triple = TestEngine.another(3);
        UNetTraining first = UNetTraining.open(single, unet.config(), unet.parameters(), OPTIONS);
        UNetTraining second =
            UNetTraining.open(triple, unet.config(), unet.parameters(), OPTIONS)) {
      first.step(input(0, 1));
      second.setState(
          first.parameters(), first.firstMoments(), first.secondMoments(), first.emaParameters());
      second.step(input(1, 1));
      assertTrue(straight.equals(second.parameters()), "the resumed training differs");
    }
  }

  /** Two calls of two images are one of four, up to rounding, step after step. */
  @Test
  void accumulationIsALargerBatch() {
    UNetTraining.Options half = new UNetTraining.Options(2, 16, 16, true, true, false);
    try (UNetTraining whole = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), OPTIONS);
        UNetTraining parts = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), half)) {
      for (int k = 0; k < 2; k++) {
        StepResult expected = whole.step(input(k, 1));
        float[] weights = {0.5f, 0.5f};
        StepResult first =
            parts.step(with(input(k, 1), new NoiseSource.Drawn(11, k, 0), weights, false, 0, 2));
        StepResult second =
            parts.step(with(input(k, 1), new NoiseSource.Drawn(11, k, 2), weights, true, 2, 4));
        assertEquals(expected.loss(), (first.loss() + second.loss()) / 2, 1e-6);
        assertEquals(0, first.gradNorm());
        assertEquals(expected.gradNorm(), second.gradNorm(), 1e-6 * expected.gradNorm());
        Map<String, HostTensor> moments = parts.firstMoments();
        whole
            .firstMoments()
            .forEach((name, value) -> {
              float[] reference = value.values();
              double tolerance = 2e-5 * Errors.magnitude(reference) + 1e-9;
              Errors.check(name, moments.get(name).values(), reference, tolerance);
            });
      }
    }
  }

  /** A batch whose last two images weigh nothing is a batch of the first two. */
  @Test
  void weightsScaleTheLossOfAnImage() {
    UNetTraining.Options half = new UNetTraining.Options(2, 16, 16, false);
    NoiseSource noise = new NoiseSource.Drawn(11, 0, 0);
    try (UNetTraining whole = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), OPTIONS);
        UNetTraining two = UNetTraining.open(ENGINE, unet.config(), unet.parameters(), half)) {
      float[] weights = {1, 3, 0, 0};
      whole.step(with(input(0, 0), noise, weights, true, 0, 4));
      two.step(with(input(0, 0), noise, new float[] {0.5f, 1.5f}, true, 0, 2));
      Map<String, HostTensor> moments = whole.firstMoments();
      two.firstMoments()
          .forEach((name, value) -> {
            double tolerance = 2e-5 * Errors.magnitude(value.values()) + 1e-9;
            Errors.check(name, moments.get(name).values(), value.values(), tolerance);
          });
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    try (UNetTraining training =
        UNetTraining.open(ENGINE, unet.config(), unet.parameters(), OPTIONS)) {
      StepInput good = input(0, 0);
      StepInput labelled =
          new StepInput(
              good.images(),
              good.timesteps(),
              new int[4],
              good.signal(),
              good.sigma(),
              good.targetNoise(),
              good.targetSample(),
              0,
              0,
              good.hyperparameters());
      assertThrows(IllegalArgumentException.class, () -> training.step(labelled));
      StepInput withNoise = given(good, noise(0));
      assertThrows(IllegalArgumentException.class, () -> training.step(withNoise));
      StepInput part = with(good, good.noise(), good.lossWeights(), false, 0, 4);
      assertThrows(IllegalArgumentException.class, () -> training.step(part));
      Map<String, HostTensor> parameters = training.parameters();
      parameters.remove("conv_in.bias");
      Exception missing =
          assertThrows(
              IllegalArgumentException.class,
              () -> UNetTraining.open(ENGINE, unet.config(), parameters, OPTIONS));
      assertTrue(missing.getMessage().contains("conv_in.bias"), missing.getMessage());
    }
  }
}
