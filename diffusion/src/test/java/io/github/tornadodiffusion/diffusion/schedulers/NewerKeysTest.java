package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.SamplingState;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Arrays;
import java.util.Random;
import org.apache.commons.math3.distribution.BetaDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys that releases of diffusers after 0.27.2 have, against their equations. */
class NewerKeysTest {
  private static final String SAMPLE = "\"prediction_type\": \"sample\"";

  private static Scheduler scheduler(String className, String keys) {
    return Schedulers.of(className, JsonFields.parse("{" + keys + "}"));
  }

  /** The result for noise and a model that says the same x_0 everywhere. */
  private static float[] sampled(Sampling sampling, float[] noise, float original) {
    float[] answer = new float[noise.length];
    Arrays.fill(answer, original);
    SamplingState state = sampling.start(noise);
    for (int i = 0; i < sampling.calls(); i++) {
      state = sampling.step(i, answer, state, noise, 1);
    }
    return state.sample();
  }

  private static float[] noise() {
    Random random = new Random(3);
    float[] noise = new float[16];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    return noise;
  }

  /**
   * With one x_0 everywhere every solver is exact: what is left of the first sample's distance to
   * it shrinks as the noise does.
   */
  @ParameterizedTest
  @CsvSource({
    "UniPCMultistepScheduler, linspace, 2, 10",
    "UniPCMultistepScheduler, trailing, 3, 5",
    "UniPCMultistepScheduler, leading, 1, 1",
    "UniPCMultistepScheduler, karras, 2, 10",
    "UniPCMultistepScheduler, exponential, 2, 7",
    "UniPCMultistepScheduler, beta, 3, 12",
    "EulerDiscreteScheduler, linspace, 1, 10",
    "EulerDiscreteScheduler, trailing, 1, 3",
    "EulerDiscreteScheduler, leading, 1, 5",
    "EulerDiscreteScheduler, karras, 1, 10",
    "EulerDiscreteScheduler, exponential, 1, 10"
  })
  void theEndIsWithoutNoiseOrThatOfTheLeastLevel(
      String className, String spread, int order, int steps) {
    boolean spaced = "linspace trailing leading".contains(spread);
    String keys =
        SAMPLE
            + ", \"solver_order\": %d, \"beta_end\": 0.01, ".formatted(order)
            + (spaced
                ? "\"timestep_spacing\": \"%s\"".formatted(spread)
                : "\"use_%s_sigmas\": true".formatted(spread));
    float[] noise = noise();
    for (String end : new String[] {"zero", "sigma_min"}) {
      Scheduler scheduler =
          scheduler(className, keys + ", \"final_sigmas_type\": \"%s\"".formatted(end));
      assertReadsWhatItWrites(scheduler);
      Sampling sampling = Sampling.of(scheduler, steps);
      ModelCall first = sampling.call(0);
      NoiseSchedule schedule = scheduler.noiseSchedule();
      boolean preserving = className.startsWith("Uni");
      double endSigma = end.equals("zero") ? 0 : schedule.sigma(0);
      double endSignal = end.equals("zero") ? 1 : schedule.signal(0);
      if (!preserving) {
        endSigma /= endSignal;
        endSignal = 1;
      }
      float[] images = sampled(sampling, noise, 0.5f);
      for (int i = 0; i < noise.length; i++) {
        double before = sampling.initNoiseSigma() * noise[i] - first.signal() * 0.5;
        double expected = endSignal * 0.5 + endSigma / first.sigma() * before;
        assertEquals(expected, images[i], 2e-6, end);
      }
    }
  }

  private static void assertReadsWhatItWrites(Scheduler scheduler) {
    String json = Schedulers.toJson(scheduler);
    assertEquals(
        json, Schedulers.toJson(Schedulers.of(scheduler.className(), JsonFields.parse(json))));
  }

  /** Without the key UniPC ends as it did before there was one. */
  @Test
  void filesOfBeforeTheKeyAreReadAsTheyWere() {
    Scheduler old = scheduler("UniPCMultistepScheduler", SAMPLE);
    Scheduler least =
        scheduler("UniPCMultistepScheduler", SAMPLE + ", \"final_sigmas_type\": \"sigma_min\"");
    float[] noise = noise();
    float[] expected = sampled(Sampling.of(least, 10), noise, 0.5f);
    assertEquals(
        Arrays.toString(expected), Arrays.toString(sampled(Sampling.of(old, 10), noise, 0.5f)));
    String json = Schedulers.toJson(old);
    for (String key : new String[] {"final_sigmas_type", "rescale_betas_zero_snr", "sigma_m"}) {
      assertFalse(json.contains(key), json);
    }
  }

  /** By their definitions; the last level is told first where there is one alone. */
  @ParameterizedTest
  @CsvSource({
    "exponential, 5, '80, 5.656854249492381, 0.4, 0.028284271247461902, 0.002'",
    "exponential, 2, '80, 0.002'",
    "exponential, 1, '0.002'",
    "karras, 1, '80'",
    "karras, 3, '80, 2.515218976147159, 0.002'"
  })
  void theLevelsOfEdm(String schedule, int steps, String levels) {
    double[] expected =
        Arrays.stream(levels.split(", ")).mapToDouble(Double::parseDouble).toArray();
    for (String end : new String[] {"zero", "sigma_min"}) {
      Scheduler scheduler =
          scheduler(
              "EDMEulerScheduler",
              "\"sigma_schedule\": \"%s\", \"final_sigmas_type\": \"%s\"".formatted(schedule, end));
      assertReadsWhatItWrites(scheduler);
      Sampling sampling = Sampling.of(scheduler, steps);
      double kept = Math.hypot(80, 1);
      for (int i = 0; i < steps; i++) {
        double sigma = sampling.call(i).sigma();
        assertEquals(expected[i], sigma, 1e-6 * expected[i]);
        assertEquals(0.25 * Math.log(sigma), sampling.call(i).timestep(), 1e-12);
        double last = end.equals("zero") ? 0 : expected[steps - 1];
        double next = i == steps - 1 ? last : expected[i + 1];
        // The model says 0, so x_0 is the share of the sample alone.
        double skip = 0.25 / (sigma * sigma + 0.25);
        kept *= 1 + (1 - skip) * (next - sigma) / sigma;
      }
      float[] noise = noise();
      float[] images = sampled(sampling, noise, 0);
      for (int i = 0; i < noise.length; i++) {
        assertEquals(kept * noise[i], images[i], 1e-5 * Math.abs(kept * noise[i]));
      }
    }
  }

  /** From sigma_max to sigma_min, and told the timesteps of these levels as diffusers cuts them. */
  @ParameterizedTest
  @CsvSource({"karras", "exponential", "beta"})
  void theRangeOfUniPC(String spread) {
    int steps = 6;
    double least = 0.05;
    double most = 40;
    Scheduler scheduler =
        scheduler(
            "UniPCMultistepScheduler",
            "\"use_%s_sigmas\": true, \"sigma_min\": %s, \"sigma_max\": %s"
                .formatted(spread, least, most));
    Sampling sampling = Sampling.of(scheduler, steps);
    NoiseSchedule schedule = scheduler.noiseSchedule();
    BetaDistribution beta = new BetaDistribution(0.6, 0.6);
    for (int i = 0; i < steps; i++) {
      double share = i / (steps - 1.0);
      double expected =
          switch (spread) {
            case "karras" ->
                Math.pow(
                    Math.pow(most, 1 / 7.0)
                        + share * (Math.pow(least, 1 / 7.0) - Math.pow(most, 1 / 7.0)),
                    7);
            case "exponential" ->
                Math.exp(Math.log(most) + share * (Math.log(least) - Math.log(most)));
            default -> least + beta.inverseCumulativeProbability(1 - share) * (most - least);
          };
      ModelCall call = sampling.call(i);
      assertEquals(expected, call.sigma() / call.signal(), 1e-6 * expected);
      double timestep = timestep(schedule, expected);
      assertEquals(
          spread.equals("karras") ? Math.rint(timestep) : Math.floor(timestep), call.timestep());
    }
    assertReadsWhatItWrites(scheduler);
    assertTrue(Schedulers.toJson(scheduler).contains("\"sigma_min\": 0.05"));
  }

  /** The timestep of a level, between those that it lies between in the logarithm. */
  private static double timestep(NoiseSchedule schedule, double sigma) {
    int t = 0;
    while (level(schedule, t + 1) <= sigma) {
      t++;
    }
    double from = Math.log(level(schedule, t));
    return t + (Math.log(sigma) - from) / (Math.log(level(schedule, t + 1)) - from);
  }

  private static double level(NoiseSchedule schedule, int t) {
    return schedule.sigma(t) / schedule.signal(t);
  }

  /** The levels of Lu et al. are those of exponential ones, but told the nearest timestep. */
  @Test
  void timestepsOfExponentialLevelsAreCutOff() {
    Sampling exponential =
        Sampling.of(
            scheduler("DPMSolverMultistepScheduler", "\"use_exponential_sigmas\": true"), 9);
    Sampling lu =
        Sampling.of(scheduler("DPMSolverMultistepScheduler", "\"use_lu_lambdas\": true"), 9);
    NoiseSchedule schedule = exponential.scheduler().noiseSchedule();
    int different = 0;
    for (int i = 1; i < 8; i++) {
      ModelCall call = exponential.call(i);
      double timestep = timestep(schedule, call.sigma() / call.signal());
      assertEquals(Math.floor(timestep), call.timestep());
      assertEquals(Math.rint(timestep), lu.call(i).timestep());
      different += call.timestep() == lu.call(i).timestep() ? 0 : 1;
    }
    assertTrue(different > 0);
    assertEquals(999, exponential.call(0).timestep());
    assertEquals(0, exponential.call(8).timestep());
  }

  /** SNR is e^-lambda of Laplace's quantiles, as diffusers has it, and no beta is above 0.999. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void laplace(int train) {
    Scheduler scheduler =
        scheduler(
            "DDPMScheduler",
            "\"beta_schedule\": \"laplace\", \"beta_start\": null, \"num_train_timesteps\": %d"
                .formatted(train));
    assertReadsWhatItWrites(scheduler);
    double product = 1;
    for (int i = 0; i < train; i++) {
      double beta = 1 - laplace((i + 1.0) / train) / laplace((double) i / train);
      product *= 1 - Math.min(beta, 0.999);
      assertEquals(product, scheduler.noiseSchedule().alphaCumprod(i), 1e-12);
    }
  }

  private static double laplace(double t) {
    double lambda = -0.5 * Math.copySign(1, 0.5 - t) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
    double snr = Math.exp(lambda);
    return Math.sqrt(snr / (1 + snr));
  }

  /** The noise of the bounded x_0 is what a solver of the noise goes on with. */
  @Test
  void singlestepBoundsWhatTheNoiseSays() {
    String bounded =
        "\"thresholding\": true, \"sample_max_value\": 1, \"solver_order\": 1, \"beta_end\": 0.01,"
            + " ";
    Scheduler ofNoise =
        scheduler(
            "DPMSolverSinglestepScheduler",
            bounded + "\"algorithm_type\": \"dpmsolver\", \"final_sigmas_type\": \"sigma_min\"");
    Scheduler ofOriginal =
        scheduler("DPMSolverSinglestepScheduler", bounded + "\"final_sigmas_type\": \"sigma_min\"");
    // Steps of the first order are the same for both.
    float[] expected = sampled(Sampling.of(ofOriginal, 8), noise(), 0.1f);
    float[] images = sampled(Sampling.of(ofNoise, 8), noise(), 0.1f);
    for (int i = 0; i < images.length; i++) {
      assertEquals(expected[i], images[i], 1e-4);
      assertTrue(Math.abs(images[i]) < 1.1);
    }
  }

  /** Betas that end without signal begin at an alphaCumprod of 2^-24, as DPM-Solver's do. */
  @Test
  void uniPCRescalesItsBetas() {
    Scheduler scheduler =
        scheduler(
            "UniPCMultistepScheduler",
            SAMPLE + ", \"rescale_betas_zero_snr\": true, \"timestep_spacing\": \"trailing\"");
    assertEquals(0, scheduler.noiseSchedule().alphaCumprod(999));
    ModelCall first = Sampling.of(scheduler, 5).call(0);
    assertEquals(0x1p-12, first.signal(), 1e-10);
    assertReadsWhatItWrites(scheduler);
  }
}
