package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.TimestepSpacing;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.SamplingState;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold for every scheduler and configuration. */
class SchedulerStepTest {
  private static final int SIZE = 4;

  /** The classes but those of MultistepSchedulerTest, which end and begin elsewhere. */
  private static final List<String> CLASSES =
      Schedulers.CLASS_NAMES.stream()
          .filter(name -> MultistepSchedulerTest.classes().noneMatch(name::equals))
          .toList();

  /** Classes for which diffusers implements no models that predict x_0. */
  private static final Set<String> WITHOUT_SAMPLE_PREDICTION =
      Set.of(
          "EulerAncestralDiscreteScheduler",
          "KDPM2DiscreteScheduler",
          "KDPM2AncestralDiscreteScheduler",
          "EDMEulerScheduler");

  private static boolean possible(String className, PredictionType type) {
    return type != PredictionType.SAMPLE || !WITHOUT_SAMPLE_PREDICTION.contains(className);
  }

  @Test
  void refusesSamplePredictionWhereDiffusersDoes() {
    for (String className : WITHOUT_SAMPLE_PREDICTION) {
      assertMessage(
          className + " has no prediction_type sample: it must be epsilon or v_prediction",
          () -> scheduler(className, "{\"prediction_type\": \"sample\"}"));
    }
  }

  static Stream<Arguments> predictions() {
    return Stream.of("DDPMScheduler", "DDIMScheduler")
        .flatMap(name ->
            BetaSchedule.values().stream()
                .flatMap(betas ->
                    PredictionType.PRESERVING.stream()
                        .filter(type -> possible(name, type))
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
    Random random = new Random(7);
    for (int steps : new int[] {1, 2, 7, 50, 1000}) {
      assertReturnsTheCleanImage(
          Sampling.of(scheduler, steps, new StepOptions(0.5, false)), random);
    }
  }

  private static void assertReturnsTheCleanImage(Sampling sampling, Random random) {
    float[] clean = {-1, -0.3f, 0.2f, 0.9f};
    SamplingState state = SamplingState.of(sampling.noised(0, clean, gaussian(random)));
    for (int i = 0; i < sampling.calls(); i++) {
      float[] output = perfectOutput(sampling.scheduler(), sampling.call(i), state, clean);
      state = sampling.step(i, output, state, gaussian(random), 1);
      // At the end of squaredcos_cap_v2 the signal is 5e-5, so the float32 output's own rounding
      // is 1e-3 of x_0.
      assertArrayEquals(clean, state.predOriginalSample(), 5e-3f, "x_0 at call " + i);
    }
    // Two steps of a second order method from there to sigma 0.006 amplify that rounding so far
    // that a float32 of the noise at the last call is worth 1e-4 of x_0.
    assertArrayEquals(clean, state.sample(), 1e-4f, sampling.calls() + " calls");
  }

  /** As with image to image, where the sample is less noisy from the beginning. */
  @Test
  void samplingCanBeginAtAnyCall() {
    Random random = new Random(11);
    for (String className : CLASSES) {
      Sampling whole = Sampling.of(scheduler(className, "{\"clip_sample\": false}"), 6);
      for (int first = 0; first < whole.calls(); first++) {
        Sampling rest = whole.from(first);
        if (rest.calls() > 0) {
          assertReturnsTheCleanImage(rest, random);
        }
      }
    }
  }

  private static float[] perfectOutput(
      Scheduler scheduler, ModelCall call, SamplingState state, float[] clean) {
    double[] sample = state.register(Update.SAMPLE);
    Scheduler.Target target = scheduler.target(call);
    float[] output = new float[sample.length];
    for (int i = 0; i < output.length; i++) {
      double noise = (sample[i] - call.signal() * clean[i]) / call.sigma();
      output[i] = (float) (target.noise() * noise + target.original() * clean[i]);
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
      for (PredictionType type : PredictionType.PRESERVING) {
        String json =
            "{%s, \"timestep_spacing\": \"%s\", \"prediction_type\": \"%s\""
                .formatted(beta, spacing.id(), type.id());
        List<Sampler> samplers = new ArrayList<>();
        for (boolean clip : new boolean[] {true, false}) {
          samplers.addAll(samplers(json + ", \"clip_sample\": " + clip));
        }
        samplers.addAll(sigmaSamplers(json, type));
        for (Sampler sampler : samplers) {
          for (int steps : new int[] {1, 2, 3, 7, 61, 122, 999, 1000}) {
            runFinite(Sampling.of(sampler.scheduler, steps, sampler.options), sampler, random);
          }
        }
      }
    }
  }

  /** Levels that equal each other, without noise and without signal, and few of them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "0.5",
        "1",
        "0, 0",
        "0, 1",
        "0.1, 1",
        "0, 0, 0.5",
        "0.1, 0, 0, 1",
        "0.1, 0.2, 0, 0, 0.3"
      })
  void shortSchedulesGiveNoNaN(String betas) {
    int count = betas.split(", ").length;
    Random random = new Random(13);
    for (TimestepSpacing spacing : TimestepSpacing.values()) {
      for (PredictionType type : PredictionType.PRESERVING) {
        String json =
            "{\"num_train_timesteps\": %d, \"trained_betas\": [%s], \"timestep_spacing\": \"%s\", "
                    .formatted(count, betas, spacing.id())
                + "\"prediction_type\": \"%s\"".formatted(type.id());
        List<Sampler> samplers = samplers(json);
        samplers.addAll(sigmaSamplers(json, type));
        for (Sampler sampler : samplers) {
          for (int steps = 1; steps <= count; steps++) {
            runFinite(Sampling.of(sampler.scheduler, steps, sampler.options), sampler, random);
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

  /** Those that go by levels of noise, with every spread of the levels. */
  private static List<Sampler> sigmaSamplers(String json, PredictionType type) {
    List<Sampler> samplers = new ArrayList<>();
    List<String> spreads =
        List.of(
            "",
            ", \"use_karras_sigmas\": true",
            ", \"use_exponential_sigmas\": true, \"timestep_type\": \"continuous\"",
            ", \"use_beta_sigmas\": true",
            ", \"interpolation_type\": \"log_linear\", \"timestep_type\": \"continuous\"");
    StepOptions churn =
        new StepOptions(0, false, new StepOptions.Churn(40, 0.05, 50, 1.003), 3, null);
    for (String className : CLASSES) {
      if (!className.startsWith("DD") && possible(className, type)) {
        for (String spread : spreads) {
          String own = json + spread + "}";
          samplers.add(new Sampler(scheduler(className, own), churn, false, className + own));
        }
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
      assertTrue(Double.isFinite(sampling.call(call).timestep()), sampler.json);
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

  @Test
  void refusesOptionsThatCannotBe() {
    assertMessage(
        "order is 11: it must be from 1 to 10",
        () -> new StepOptions(0, false, StepOptions.Churn.NONE, 11, null));
    assertMessage(
        "s_churn is -1.0: it must be at least 0", () -> new StepOptions.Churn(-1, 0, 1, 1));
    assertMessage(
        "s_tmin is NaN and s_tmax is 1.0: they must be numbers",
        () -> new StepOptions.Churn(1, Double.NaN, 1, 1));
    assertMessage(
        "s_noise is Infinity: it must be at least 0",
        () -> new StepOptions.Churn(1, 0, 1, Double.POSITIVE_INFINITY));
    String dynamic = "{\"use_dynamic_shifting\": true, \"time_shift_type\": \"%s\"}";
    Scheduler exponential = scheduler("flow match euler", dynamic.formatted("exponential"));
    Scheduler linear = scheduler("flow match euler", dynamic.formatted("linear"));
    assertMessage(
        "use_dynamic_shifting needs mu: give it to the sampler, as --mu does",
        () -> Sampling.of(exponential, 5));
    assertMessage(
        "mu is 800.0: with time_shift_type exponential it must be from -700 to 700",
        () -> Sampling.of(exponential, 5, mu(800)));
    assertMessage(
        "mu is 0.0: with time_shift_type linear it must be above 0",
        () -> Sampling.of(linear, 5, mu(0)));
  }

  private static StepOptions mu(double mu) {
    return new StepOptions(0, false, StepOptions.Churn.NONE, 4, mu);
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }
}
