package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.config.TimestepSpacing;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.SamplingState;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** What must hold for the solvers of the ODE and for consistency models beside the golden data. */
class MultistepSchedulerTest {
  private static final JsonNode DEFAULTS =
      Golden.json("multistep_schedulers.json").get("default_configs");

  private static final String SIGMA_MIN = "\"final_sigmas_type\": \"sigma_min\"";

  /** Samplers without noise, and whether they end with that of timestep 0. */
  private static final List<Arguments> DETERMINISTIC =
      List.of(
          Arguments.of("DPMSolverMultistepScheduler", "\"solver_order\": 3", false),
          Arguments.of("DPMSolverMultistepScheduler", "\"use_karras_sigmas\": true", false),
          Arguments.of("DPMSolverMultistepScheduler", "\"use_lu_lambdas\": true", false),
          Arguments.of(
              "DPMSolverMultistepScheduler",
              "\"algorithm_type\": \"dpmsolver\", \"solver_order\": 3, " + SIGMA_MIN,
              true),
          Arguments.of("DPMSolverSinglestepScheduler", "\"solver_order\": 2", false),
          Arguments.of(
              "DPMSolverSinglestepScheduler",
              "\"solver_order\": 3, \"solver_type\": \"heun\"",
              false),
          Arguments.of("DEISMultistepScheduler", "\"solver_order\": 3", true),
          Arguments.of("UniPCMultistepScheduler", "\"solver_order\": 2", true),
          Arguments.of(
              "UniPCMultistepScheduler", "\"solver_order\": 4, \"predict_x0\": false", true),
          Arguments.of("PNDMScheduler", "\"skip_prk_steps\": true", true),
          Arguments.of("PNDMScheduler", "\"skip_prk_steps\": false", true));

  static Stream<Arguments> deterministic() {
    return DETERMINISTIC.stream();
  }

  static Stream<String> classes() {
    return DEFAULTS.propertyNames().stream();
  }

  private static Scheduler scheduler(String className, String json) {
    return Schedulers.of(className, JsonFields.parse(json));
  }

  @ParameterizedTest
  @MethodSource("classes")
  void defaultsAreThoseOfDiffusers(String className) {
    String expected = DEFAULTS.get(className).asString();
    assertEquals(expected, Schedulers.toJson(scheduler(className, "{}")));
    assertEquals(expected, Schedulers.toJson(scheduler(className, expected)));
  }

  /** Where the model always finds the same x_0 and noise, the ODE's solution is a mix of those. */
  @ParameterizedTest
  @MethodSource("deterministic")
  void perfectModelLeadsAlongTheMixOfImageAndNoise(
      String className, String options, boolean leavesNoise) {
    float[] clean = {-1, -0.3f, 0.2f, 0.9f};
    float[] noise = {0.4f, -1, 1.5f, -0.2f};
    for (BetaSchedule betas : BetaSchedule.values()) {
      for (PredictionType type : PredictionType.PRESERVING) {
        if (className.equals("PNDMScheduler") && type != PredictionType.EPSILON) {
          // It mixes predictions of several levels before it takes them for a v.
          continue;
        }
        String json =
            "{\"beta_schedule\": \"%s\", \"prediction_type\": \"%s\", %s}"
                .formatted(betas.id(), type.id(), options);
        Scheduler scheduler = scheduler(className, json);
        for (int steps : new int[] {4, 10, 20, 1000}) {
          if (steps == 1000 && options.contains("\"skip_prk_steps\": false")) {
            // Between neighbouring timesteps there is no middle for Runge-Kutta.
            continue;
          }
          Sampling whole = Sampling.of(scheduler, steps);
          for (int first : new int[] {0, 1, 2, whole.calls() - 3, whole.calls() - 1}) {
            SamplingState end = perfect(whole.from(first), type, clean, noise);
            double left = leavesNoise ? scheduler.noiseSchedule().sigma(0) : 0;
            float tolerance = (float) (2e-3 + 2 * left);
            assertArrayEquals(clean, end.sample(), tolerance, json + ", " + steps + ", " + first);
          }
        }
      }
    }
  }

  private static SamplingState perfect(
      Sampling sampling, PredictionType type, float[] clean, float[] noise) {
    SamplingState state = SamplingState.of(sampling.noised(0, clean, noise));
    for (int i = 0; i < sampling.calls(); i++) {
      float[] expected = sampling.noised(i, clean, noise);
      ModelCall call = sampling.call(i);
      assertArrayEquals(expected, state.sample(), 3e-3f, "sample of call " + i);
      float[] output = new float[clean.length];
      for (int j = 0; j < output.length; j++) {
        double target = type.targetNoise(call.signal()) * noise[j];
        output[j] = (float) (target + type.targetSample(call.sigma()) * clean[j]);
      }
      state = sampling.step(i, output, state, null, 1);
      assertArrayEquals(clean, state.predOriginalSample(), 2e-2f, "x_0 at call " + i);
    }
    return state;
  }

  /** Backwards the mix leads to noise, which is where the sampling ends. */
  @ParameterizedTest
  @EnumSource(names = {"EPSILON", "V_PREDICTION"})
  void inverseLeadsFromTheImageToTheNoise(PredictionType type) {
    String json = "{\"prediction_type\": \"%s\"}".formatted(type.id());
    float[] clean = {-1, -0.3f, 0.2f, 0.9f};
    float[] noise = {0.4f, -1, 1.5f, -0.2f};
    for (int steps : new int[] {1, 2, 10, 1000}) {
      Sampling sampling = Sampling.of(scheduler("DDIMInverseScheduler", json), steps);
      assertArrayEquals(clean, sampling.noised(0, clean, noise));
      float[] end = perfect(sampling, type, clean, noise).sample();
      assertArrayEquals(sampling.noised(sampling.calls(), clean, noise), end, 1e-5f);
      int last = (int) sampling.call(steps - 1).timestep();
      double sigma = sampling.scheduler().noiseSchedule().sigma(last);
      assertEquals(
          sampling.scheduler().noiseSchedule().signal(last) * clean[0] + sigma * noise[0],
          end[0],
          1e-5);
    }
  }

  /** With a model that knows the image noise on the way does no harm. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DPMSolverMultistepScheduler|\"algorithm_type\": \"sde-dpmsolver++\"|1000",
        "DPMSolverMultistepScheduler|\"algorithm_type\": \"sde-dpmsolver++\","
            + " \"solver_type\": \"heun\", \"use_karras_sigmas\": true|1000",
        "LCMScheduler|\"beta_schedule\": \"squaredcos_cap_v2\"|50",
      })
  void perfectModelOfNoisySamplers(String className, String options, int most) {
    Random random = new Random(5);
    float[] clean = {-1, -0.3f, 0.2f, 0.9f};
    for (PredictionType type : PredictionType.PRESERVING) {
      String json = "{\"prediction_type\": \"%s\", %s}".formatted(type.id(), options);
      for (int steps : new int[] {1, 2, 7, 50, most}) {
        Sampling sampling = Sampling.of(scheduler(className, json), steps);
        SamplingState state = SamplingState.of(sampling.noised(0, clean, gaussian(random)));
        for (int i = 0; i < sampling.calls(); i++) {
          ModelCall call = sampling.call(i);
          float[] sample = state.sample();
          float[] output = new float[clean.length];
          for (int j = 0; j < output.length; j++) {
            double noise = (sample[j] - call.signal() * clean[j]) / call.sigma();
            double target = type.targetNoise(call.signal()) * noise;
            output[j] = (float) (target + type.targetSample(call.sigma()) * clean[j]);
          }
          state = sampling.step(i, output, state, gaussian(random), 1);
        }
        // At the end of squaredcos_cap_v2 rounding in float32 is 1e-3 of x_0.
        assertArrayEquals(clean, state.sample(), 2e-3f, json + ", " + steps + " steps");
      }
    }
  }

  /** Every spacing, prediction and kind of step, on schedules up to the extreme. */
  @ParameterizedTest
  @EnumSource
  void neverGivesNaN(TimestepSpacing spacing) {
    List<String> betas =
        List.of(
            "\"beta_schedule\": \"linear\"",
            "\"beta_schedule\": \"squaredcos_cap_v2\"",
            "\"beta_schedule\": \"linear\", \"rescale_betas_zero_snr\": true",
            "\"beta_schedule\": \"squaredcos_cap_v2\", \"rescale_betas_zero_snr\": true",
            "\"beta_schedule\": \"linear\", \"beta_start\": 0.0",
            "\"beta_schedule\": \"scaled_linear\", \"beta_end\": 0.99",
            "\"num_train_timesteps\": 1, \"original_inference_steps\": 1");
    for (String beta : betas) {
      for (PredictionType type : PredictionType.PRESERVING) {
        String json =
            "{%s, \"timestep_spacing\": \"%s\", \"prediction_type\": \"%s\""
                .formatted(beta, spacing.id(), type.id());
        samplers((className, options) -> {
          boolean inverse = className.equals("DDIMInverseScheduler");
          boolean pndm = className.equals("PNDMScheduler");
          if (inverse && spacing == TimestepSpacing.LINSPACE
              || pndm && type == PredictionType.SAMPLE) {
            return; // refused, see below
          }
          Scheduler scheduler = scheduler(className, json + options + "}");
          int most = scheduler.config().numTrainTimesteps();
          if (className.equals("LCMScheduler")) {
            most = Math.min(50, most);
          }
          for (int steps : new int[] {1, 2, 5, 31, most}) {
            if (steps > most || pndm && steps < 4 && !options.contains("true")) {
              continue;
            }
            Sampling sampling = Sampling.of(scheduler, steps);
            runFinite(sampling, className + " " + json + options);
          }
        });
      }
    }
  }

  private static void samplers(BiConsumer<String, String> action) {
    for (String spread : List.of("", ", \"use_karras_sigmas\": true")) {
      for (String order : List.of("1", "2", "3")) {
        String solver = ", \"solver_order\": " + order + spread;
        for (String type : List.of("midpoint", "heun")) {
          String typed = solver + ", \"solver_type\": \"" + type + "\"";
          action.accept("DPMSolverMultistepScheduler", typed);
          action.accept("DPMSolverSinglestepScheduler", typed);
          String noise = typed + ", " + SIGMA_MIN + ", \"algorithm_type\": \"%s\"";
          action.accept("DPMSolverMultistepScheduler", noise.formatted("dpmsolver"));
          action.accept("DPMSolverSinglestepScheduler", noise.formatted("dpmsolver"));
          if (!order.equals("3")) {
            action.accept("DPMSolverMultistepScheduler", noise.formatted("sde-dpmsolver"));
            action.accept("DPMSolverMultistepScheduler", noise.formatted("sde-dpmsolver++"));
          }
        }
        action.accept("DEISMultistepScheduler", solver + ", \"lower_order_final\": false");
        action.accept("UniPCMultistepScheduler", solver);
        action.accept(
            "UniPCMultistepScheduler",
            solver + ", \"predict_x0\": false, \"lower_order_final\": false");
      }
      action.accept("DPMSolverMultistepScheduler", ", \"use_lu_lambdas\": true" + spread);
    }
    action.accept("PNDMScheduler", ", \"skip_prk_steps\": true");
    action.accept("PNDMScheduler", "");
    action.accept("DDIMInverseScheduler", "");
    action.accept("LCMScheduler", "");
    action.accept("CMStochasticIterativeScheduler", "");
  }

  private static void runFinite(Sampling sampling, String what) {
    Random random = new Random(3);
    SamplingState state = sampling.start(gaussian(random));
    for (int call = 0; call < sampling.calls(); call++) {
      double timestep = sampling.call(call).timestep();
      assertTrue(Double.isFinite(timestep), () -> what + ", " + sampling.calls() + " calls");
      float[] input = sampling.modelInput(call, state);
      float[] output = new float[input.length];
      for (int i = 0; i < output.length; i++) {
        // Stands for a model that takes most of the noise out, so that values stay in range.
        output[i] = 0.9f * Math.clamp(input[i], -2, 2);
      }
      state = sampling.step(call, output, state, gaussian(random), 1);
      for (float value : state.sample()) {
        assertTrue(Float.isFinite(value), () -> what + ", " + sampling.calls() + " calls");
      }
    }
  }

  private static float[] gaussian(Random random) {
    float[] values = new float[4];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @Test
  void aLearnedVarianceNeedsTwiceTheChannels() {
    for (String className :
        List.of("DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler")) {
      assertTrue(scheduler(className, "{\"variance_type\": \"learned_range\"}").needsVariance());
      assertEquals(
          false, scheduler(className, "{\"variance_type\": \"fixed_small\"}").needsVariance());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DPMSolverMultistepScheduler|{\"algorithm_type\": \"dpmsolver\"}"
            + "|final_sigmas_type zero does not go with algorithm_type dpmsolver: choose sigma_min",
        "DPMSolverSinglestepScheduler|{\"algorithm_type\": \"dpmsolver\"}"
            + "|final_sigmas_type zero does not go with algorithm_type dpmsolver: choose sigma_min",
        "DPMSolverSinglestepScheduler|{\"algorithm_type\": \"sde-dpmsolver\"}"
            + "|Unknown algorithm_type 'sde-dpmsolver': choose one of dpmsolver, dpmsolver++,"
            + " sde-dpmsolver++",
        "DPMSolverMultistepScheduler|{\"solver_order\": 4}"
            + "|solver_order is 4: it must be from 1 to 3",
        "DPMSolverMultistepScheduler|"
            + "{\"solver_order\": 3, \"algorithm_type\": \"sde-dpmsolver\"}"
            + "|solver_order 3 does not go with algorithm_type sde-dpmsolver: choose 1 or 2",
        "DPMSolverMultistepScheduler|{\"solver_type\": \"euler\"}"
            + "|Unknown solver_type 'euler': choose one of midpoint, heun",
        "DPMSolverMultistepScheduler|{\"lambda_min_clipped\": 40}"
            + "|lambda_min_clipped is 40.0: no timestep is left, lower it",
        "DEISMultistepScheduler|{\"algorithm_type\": \"sde-dpmsolver++\"}"
            + "|Unknown algorithm_type 'sde-dpmsolver++': choose deis",
        "UniPCMultistepScheduler|{\"solver_p\": {}}"
            + "|solver_p is a scheduler: the predictor of UniPC is its own, make it null",
        "PNDMScheduler|{\"prediction_type\": \"sample\"}"
            + "|PNDMScheduler knows no prediction_type sample: choose another scheduler",
        "DDIMInverseScheduler|{\"timestep_spacing\": \"linspace\"}|DDIMInverseScheduler knows no"
            + " timestep_spacing linspace: choose leading or trailing",
        "LCMScheduler|{\"original_inference_steps\": 0}"
            + "|original_inference_steps is 0: it must be at least 1",
        "CMStochasticIterativeScheduler|{\"sigma_data\": 0}|sigma_data is 0.0: it must be above 0",
      })
  void refusesConfigurations(String className, String json, String message) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> scheduler(className, json));
    assertEquals(message, e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PNDMScheduler|{}|3|3 sampling steps are not possible with Runge-Kutta steps: choose at"
            + " least 4, or skip_prk_steps true",
        "LCMScheduler|{}|51|51 sampling steps are not possible: choose 1 to 50,"
            + " original_inference_steps",
        "LCMScheduler|{\"original_inference_steps\": 1001}|4|original_inference_steps is 1001: it"
            + " must be at most 1000, num_train_timesteps",
        "CMStochasticIterativeScheduler|{}|41|41 sampling steps are not possible: choose 1 to 40",
        "UniPCMultistepScheduler|{}|1001|1001 sampling steps are not possible: choose 1 to 1000",
        "UniPCMultistepScheduler|{\"timestep_spacing\": \"leading\", \"steps_offset\": 1}|999"
            + "|999 sampling steps with steps_offset 1 reach timestep 1000 of 1000: take fewer"
            + " steps",
      })
  void refusesNumbersOfSteps(String className, String json, int steps, String message) {
    Scheduler scheduler = scheduler(className, json);
    Exception e = assertThrows(IllegalArgumentException.class, () -> Sampling.of(scheduler, steps));
    assertEquals(message, e.getMessage());
  }
}
