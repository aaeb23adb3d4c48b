package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.JsonFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold for every scheduler and configuration. */
class SchedulerStepTest {
  private static final int SIZE = 4;

  static Stream<Arguments> predictions() {
    return Stream.of("DDPMScheduler", "DDIMScheduler")
        .flatMap(name ->
            Arrays.stream(BetaSchedule.values())
                .flatMap(betas ->
                    Arrays.stream(PredictionType.values())
                        .map(type -> Arguments.of(name, betas, type))));
  }

  private static Scheduler scheduler(String className, String json) {
    return Schedulers.of(className, JsonFields.parse(json));
  }

  /** A model that knows the clean image leads back to it, whatever it predicts of it. */
  @ParameterizedTest
  @MethodSource("predictions")
  void perfectModelReturnsTheCleanImage(
      String className, BetaSchedule betaSchedule, PredictionType type) {
    String json =
        "{\"beta_schedule\": \"%s\", \"prediction_type\": \"%s\", \"clip_sample\": false}"
            .formatted(betaSchedule.id(), type.id());
    Scheduler scheduler = scheduler(className, json);
    float[] clean = {-1, -0.3f, 0.2f, 0.9f};
    Random random = new Random(7);
    for (int steps : new int[] {1, 2, 7, 50, 1000}) {
      Sampling sampling = Sampling.of(scheduler, steps, new StepOptions(0.5, false));
      SamplingState state = SamplingState.of(sampling.noised(0, clean, gaussian(random)));
      for (int i = 0; i < sampling.calls(); i++) {
        float[] output = perfectOutput(type, sampling.call(i), state.sample(), clean);
        state = sampling.step(i, output, state, gaussian(random), 1);
        // At the end of squaredcos_cap_v2 the signal is 5e-5, so the float32 output's own rounding
        // is 1e-3 of x_0.
        assertArrayEquals(clean, state.predOriginalSample(), 5e-3f, "x_0 at call " + i);
      }
      assertArrayEquals(clean, state.sample(), 1e-6f, steps + " steps");
    }
  }

  private static float[] perfectOutput(
      PredictionType type, ModelCall call, float[] sample, float[] clean) {
    double signal = call.signal();
    double sigma = call.sigma();
    float[] output = new float[sample.length];
    for (int i = 0; i < output.length; i++) {
      double noise = (sample[i] - signal * clean[i]) / sigma;
      output[i] = (float) (type.targetNoise(signal) * noise + type.targetSample(sigma) * clean[i]);
    }
    return output;
  }

  /** Every spacing, prediction, number of steps and variance, on schedules up to the extreme. */
  @ParameterizedTest
  @EnumSource
  void neverGivesNaN(TimestepSpacing spacing) {
    List<String> betas =
        List.of(
            "\"beta_schedule\": \"linear\"",
            "\"beta_schedule\": \"squaredcos_cap_v2\"",
            "\"beta_schedule\": \"linear\", \"rescale_betas_zero_snr\": true",
            "\"beta_schedule\": \"squaredcos_cap_v2\", \"rescale_betas_zero_snr\": true",
            "\"beta_schedule\": \"sigmoid\", \"rescale_betas_zero_snr\": true",
            "\"beta_schedule\": \"linear\", \"beta_start\": 0.0",
            "\"beta_schedule\": \"scaled_linear\", \"beta_end\": 0.99");
    Random random = new Random(3);
    for (String beta : betas) {
      for (PredictionType type : PredictionType.values()) {
        for (boolean clip : new boolean[] {true, false}) {
          String json =
              "{%s, \"timestep_spacing\": \"%s\", \"prediction_type\": \"%s\", \"clip_sample\": %s"
                  .formatted(beta, spacing.id(), type.id(), clip);
          for (Sampler sampler : samplers(json)) {
            for (int steps : new int[] {1, 2, 3, 7, 61, 122, 999, 1000}) {
              runFinite(Sampling.of(sampler.scheduler, steps, sampler.options), sampler, random);
            }
          }
        }
      }
    }
  }

  private record Sampler(Scheduler scheduler, StepOptions options, boolean learned, String json) {}

  private static List<Sampler> samplers(String json) {
    List<Sampler> samplers = new ArrayList<>();
    for (VarianceType variance : VarianceType.values()) {
      String own = json + ", \"variance_type\": \"" + variance.id() + "\"}";
      samplers.add(
          new Sampler(
              scheduler("DDPMScheduler", own), StepOptions.DEFAULTS, variance.learned(), own));
    }
    for (boolean alphaToOne : new boolean[] {true, false}) {
      for (double eta : new double[] {0, 1}) {
        String own = json + ", \"set_alpha_to_one\": " + alphaToOne + "}";
        samplers.add(
            new Sampler(
                scheduler("DDIMScheduler", own), new StepOptions(eta, alphaToOne), false, own));
      }
    }
    return samplers;
  }

  private static void runFinite(Sampling sampling, Sampler sampler, Random random) {
    SamplingState state = sampling.start(gaussian(random));
    for (int call = 0; call < sampling.calls(); call++) {
      float[] input = sampling.modelInput(call, state);
      float[] output = new float[sampler.learned ? 2 * SIZE : SIZE];
      for (int i = 0; i < output.length; i++) {
        // Stands for a model that takes most of the noise out, so that values stay in range.
        output[i] = i < SIZE ? 0.9f * Math.clamp(input[i], -2, 2) : random.nextFloat(-1, 1);
      }
      state = sampling.step(call, output, state, gaussian(random), 1);
      for (float value : state.sample()) {
        assertTrue(
            Float.isFinite(value),
            () -> sampler.json + ", " + sampling.calls() + " calls: " + value);
      }
    }
  }

  private static float[] gaussian(Random random) {
    float[] values = new float[SIZE];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @Test
  void imagesOfABatchDoNotInfluenceEachOther() {
    for (String className : Schedulers.CLASS_NAMES) {
      Scheduler scheduler = scheduler(className, "{\"thresholding\": true}");
      Sampling sampling = Sampling.of(scheduler, 10, new StepOptions(1, false)).from(4);
      Random random = new Random(5);
      float[] output = concat(gaussian(random), gaussian(random));
      float[] sample = concat(gaussian(random), gaussian(random));
      float[] noise = concat(gaussian(random), gaussian(random));
      float[] both = sampling.step(0, output, SamplingState.of(sample), noise, 2).sample();
      float[] second =
          sampling.step(0, half(output), SamplingState.of(half(sample)), half(noise), 1).sample();
      assertArrayEquals(half(both), second);
    }
  }

  private static float[] concat(float[] first, float[] second) {
    float[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static float[] half(float[] both) {
    return Arrays.copyOfRange(both, SIZE, 2 * SIZE);
  }

  @Test
  void everyNumberOfStepsHasThatManyTimestepsInRange() {
    for (TimestepSpacing spacing : TimestepSpacing.values()) {
      for (int steps = 1; steps <= 1000; steps++) {
        int[] timesteps = spacing.timesteps(1000, steps, 0);
        assertEquals(steps, timesteps.length);
        int bound = 1000;
        for (int timestep : timesteps) {
          assertTrue(timestep >= 0 && timestep < bound, spacing + ", " + steps + " steps");
          bound = timestep;
        }
      }
    }
  }

  @Test
  void refusesWhatCannotBe() {
    assertMessage(
        "1001 sampling steps are not possible: choose 1 to 1000",
        () -> Sampling.of(new DDIMScheduler(SchedulerConfig.DEFAULTS), 1001));
    assertMessage(
        "1000 sampling steps with steps_offset 1 reach timestep 1000 of 1000: take fewer steps",
        () -> Sampling.of(scheduler("DDIMScheduler", "{\"steps_offset\": 1}"), 1000));
    Sampling plain = Sampling.of(scheduler("DDPMScheduler", "{}"), 10);
    float[] image = new float[SIZE];
    SamplingState state = SamplingState.of(image);
    assertMessage(
        "The step from timestep 900 needs noise", () -> plain.step(0, image, state, null, 1));
    assertMessage(
        "4 values do not divide into 3 images", () -> plain.step(0, image, state, image, 3));
    Sampling learned =
        Sampling.of(scheduler("DDPMScheduler", "{\"variance_type\": \"learned\"}"), 10);
    assertMessage(
        "The model's output has 4 values where the scheduler needs 8: a learned variance_type"
            + " takes twice the sample's channels",
        () -> learned.step(0, image, state, image, 1));
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }
}
