package io.github.tornadodiffusion.diffusion.schedulers.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class NoiseScheduleTest {
  private static final Golden SCHEDULES = new Golden("schedules");
  private static final Golden ADD_NOISE = new Golden("add_noise");

  static Stream<String> schedules() {
    return SCHEDULES.json().get("entries").propertyNames().stream();
  }

  static Stream<String> mixtures() {
    return ADD_NOISE.json().get("cases").propertyNames().stream()
        .filter(name -> name.startsWith("ddpm_"));
  }

  private static NoiseSchedule schedule(JsonNode config) {
    return Schedulers.of("DDPMScheduler", JsonFields.parse(config.toString())).noiseSchedule();
  }

  /**
   * diffusers computes in float32. A plain beta is a few roundings off; a rescaled one is 1 -
   * alpha, where alpha has an error of 2^-24 and more towards the end, where it is a quotient of
   * small numbers. The product of a thousand rounded alphas drifts by some ten roundings.
   */
  @ParameterizedTest
  @MethodSource("schedules")
  void tablesEqualThoseOfDiffusers(String name) {
    JsonNode config = SCHEDULES.json().get("entries").get(name).get("config");
    boolean rescaled = config.get("rescale_betas_zero_snr").asBoolean();
    NoiseSchedule schedule = schedule(config);
    float[] betas = SCHEDULES.tensor(name + ".betas");
    float[] alphasCumprod = SCHEDULES.tensor(name + ".alphas_cumprod");
    assertEquals(betas.length, schedule.timesteps());
    for (int t = 0; t < betas.length; t++) {
      String at = name + " at " + t;
      assertEquals(betas[t], schedule.beta(t), rescaled ? 5e-6 : 4e-7 * betas[t], at);
      assertEquals(alphasCumprod[t], schedule.alphaCumprod(t), 7e-7, at);
      assertEquals(alphasCumprod[t], schedule.alphaCumprod(t), 2e-5 * alphasCumprod[t], at);
    }
  }

  /** The noise share at timestep 0, 1e-2, is the root of 1 - alpha in float32. */
  @ParameterizedTest
  @MethodSource("mixtures")
  void noiseAndVelocityEqualThoseOfDiffusers(String name) {
    NoiseSchedule schedule = schedule(ADD_NOISE.json().get("cases").get(name).get("config"));
    int[] timesteps =
        StreamSupport.stream(ADD_NOISE.json().get("timesteps").spliterator(), false)
            .mapToInt(JsonNode::asInt)
            .toArray();
    float[] sample = ADD_NOISE.tensor("sample");
    float[] noise = ADD_NOISE.tensor("noise");
    float[] noisy = ADD_NOISE.tensor(name + ".add_noise");
    assertArrayEquals(noisy, schedule.addNoise(sample, noise, timesteps), 1e-5f);
    float[] velocity = ADD_NOISE.tensor(name + ".velocity");
    assertArrayEquals(velocity, schedule.velocity(sample, noise, timesteps), 1e-5f);
  }

  @ParameterizedTest
  @MethodSource("io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule#values")
  void signalFallsFromNearlyOne(BetaSchedule betaSchedule) {
    for (int timesteps : new int[] {2, 3, 30, 1000, 4000}) {
      NoiseSchedule schedule = new NoiseSchedule(betaSchedule.betas(timesteps, 1e-4, 0.02));
      double previous = 1;
      for (int t = 0; t < timesteps; t++) {
        assertTrue(schedule.signal(t) < previous, betaSchedule + " at " + t + " of " + timesteps);
        previous = schedule.signal(t);
        assertEquals(1, Math.pow(schedule.signal(t), 2) + Math.pow(schedule.sigma(t), 2), 1e-14);
      }
    }
  }

  @Test
  void targetsOfTheThreePredictionTypes() {
    double signal = 0.8;
    double sigma = 0.6;
    assertEquals(1, PredictionType.EPSILON.targetNoise(signal));
    assertEquals(0, PredictionType.EPSILON.targetSample(sigma));
    assertEquals(0, PredictionType.SAMPLE.targetNoise(signal));
    assertEquals(1, PredictionType.SAMPLE.targetSample(sigma));
    assertEquals(signal, PredictionType.V_PREDICTION.targetNoise(signal));
    assertEquals(-sigma, PredictionType.V_PREDICTION.targetSample(sigma));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
  void refusesImpossibleBetas(double beta) {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> new NoiseSchedule(0.1, beta, 0.2));
    assertEquals(
        "The beta of timestep 1 is " + beta + ": give values from 0 to below 1", e.getMessage());
  }

  @Test
  void refusesToRescaleOneTimestep() {
    assertThrows(
        IllegalArgumentException.class,
        () -> BetaSchedule.rescaleZeroTerminalSnr(new double[] {1}));
  }

  /** Betas of 0.1, 0.2 and 0.5 keep 0.9, 0.72 and 0.36 (Ho et al. 2020, equation 7). */
  @Test
  void posteriorByHand() {
    NoiseSchedule schedule = new NoiseSchedule(0.1, 0.2, 0.5);
    double second = 0.1 / 0.28 * 0.2;
    assertEquals(second, schedule.boundVariance(0), 1e-14);
    assertEquals(second, schedule.boundVariance(1), 1e-14);
    assertEquals(0.28 / 0.64 * 0.5, schedule.boundVariance(2), 1e-14);
    assertEquals(1, schedule.originalShare(0), 1e-14);
    assertEquals(Math.sqrt(0.9) * 0.2 / 0.28, schedule.originalShare(1), 1e-14);
    assertEquals(Math.sqrt(0.72) * 0.5 / 0.64, schedule.originalShare(2), 1e-14);
  }

  @Test
  void posteriorWhereThereIsNoNoiseOrNothingBefore() {
    assertEquals(0.3, new NoiseSchedule(0.3).boundVariance(0));
    NoiseSchedule withoutNoise = new NoiseSchedule(0, 0.5);
    assertEquals(NoiseSchedule.LEAST_VARIANCE, withoutNoise.boundVariance(1));
    assertEquals(1, withoutNoise.originalShare(0));
  }

  @Test
  void theLastBetaMayLeaveNoSignal() {
    NoiseSchedule schedule = new NoiseSchedule(0.1, 1);
    assertEquals(0, schedule.alphaCumprod(1));
    assertEquals(1, schedule.sigma(1));
  }
}
