package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.FirstImages;
import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.random.Rng;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.training.BoundTerm;
import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.diffusion.training.Checkpoints.Checkpoint;
import io.github.tornadodiffusion.diffusion.training.LossCurve;
import io.github.tornadodiffusion.diffusion.training.MinSnr;
import io.github.tornadodiffusion.diffusion.training.TimestepDensity;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.diffusion.training.TrainingConfigs;
import io.github.tornadodiffusion.diffusion.training.TrainingVariant;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.programs.Inference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models that predict the variance of a step, from the coefficients to a whole training. */
class LearnedVarianceTest {
  private static final Trainer.Listener SILENT = row -> {};
  private static final UNet2DConfig PLAIN = TinyUNet.config(8, 1, 8, 16);
  private static final UNet2DConfig UNET = PLAIN.toBuilder().outChannels(2).build();
  private static final Dataset DIGITS = new FirstImages(new Digits(8, 1), 10);
  private static final JvmEngine ENGINE = new JvmEngine(2);

  @TempDir private Path directory;

  @AfterAll
  static void close() {
    ENGINE.close();
  }

  private static TrainingVariant variant(
      VarianceType variance, int accumulate, double gamma, Rng rng, DiffusionModel base) {
    return new TrainingVariant(
        accumulate, MinSnr.of(gamma), 0, 0, variance, rng, TimestepDensity.UNIFORM, base);
  }

  private static TrainingVariant learned(int accumulate, double gamma, Rng rng) {
    return variant(VarianceType.LEARNED_RANGE, accumulate, gamma, rng, null);
  }

  private static TrainingConfig config(int batch, int steps, TrainingVariant variant) {
    return TrainingConfigs.of(
            PLAIN, batch, steps, BetaSchedule.LINEAR, PredictionType.EPSILON, 2e-3, 0.9, 7)
        .withModel(UNET, variant);
  }

  private static Trainer trained(TrainingConfig config, int steps) {
    Trainer trainer = new Trainer(ENGINE, config, DIGITS);
    trainer.runTo(steps, SILENT);
    return trainer;
  }

  /** The divergence of two normal distributions, with means and variances as they are. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FLOW_PREDICTION")
  void coefficientsOfTheDivergence(PredictionType prediction) {
    for (BetaSchedule betas : List.of(BetaSchedule.LINEAR, BetaSchedule.SQUAREDCOS_CAP_V2)) {
      NoiseSchedule schedule = SchedulerConfig.of(1000, betas, prediction).noiseSchedule();
      for (int t : new int[] {1, 2, 50, 600, 998, 999}) {
        double now = schedule.alphaCumprod(t);
        double before = schedule.alphaCumprod(t - 1);
        double beta = schedule.beta(t);
        double least = beta * (1 - before) / (1 - now);
        double x0 = 0.3;
        double noise = -0.7;
        double v = 0.4;
        double error = 0.05;
        double signal = schedule.signal(t);
        double sigma = schedule.sigma(t);
        double noisy = signal * x0 + sigma * noise;
        double target =
            prediction.targetNoise(signal) * noise + prediction.targetSample(sigma) * x0;
        double said = target + error;
        double predicted =
            switch (prediction) {
              case EPSILON -> (noisy - sigma * said) / signal;
              case SAMPLE -> said;
              case V_PREDICTION, FLOW_PREDICTION -> signal * noisy - sigma * said;
            };
        double difference = Math.sqrt(before) * beta / (1 - now) * (x0 - predicted);
        double variance = Math.pow(beta, (v + 1) / 2) * Math.pow(least, (1 - v) / 2);
        double expected =
            (Math.log(variance / least) + (least + difference * difference) / variance - 1) / 2;

        BoundTerm term = BoundTerm.at(schedule, prediction, t);
        double u = (v + 1) / 2 * term.range();
        double e = term.scale() * error;
        assertEquals(0, term.halfBin());
        assertEquals(
            expected, (u + Math.expm1(-u) + e * e * Math.exp(-u)) / 2, 1e-9 * expected + 1e-14);
        assertEquals(x0 - predicted > 0, term.scale() > 0, "sign");
      }
    }
  }

  /** As in the paper's code, the posterior's variance of timestep 1 is the least one of 0. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FLOW_PREDICTION")
  void coefficientsOfTheLikelihood(PredictionType prediction) {
    NoiseSchedule schedule = new NoiseSchedule(0.01, 0.02, 0.03);
    double least = 0.02 * 0.01 / (1 - 0.99 * 0.98);
    double error =
        switch (prediction) {
          case EPSILON -> Math.sqrt(0.01 / 0.99);
          case SAMPLE -> -1;
          case V_PREDICTION, FLOW_PREDICTION -> 0.1;
        };
    BoundTerm term = BoundTerm.at(schedule, prediction, 0);
    assertEquals(Math.log(0.01 / least), term.range(), 1e-12);
    assertEquals(error / Math.sqrt(least), term.scale(), 1e-12);
    assertEquals(1 / 255.0 / Math.sqrt(least), term.halfBin(), 1e-12);
  }

  /** No noise at the start, no signal at the end, a single timestep. */
  @Test
  void coefficientsOfTheEndsAreNumbers() {
    for (PredictionType prediction : PredictionType.PRESERVING) {
      for (NoiseSchedule schedule :
          List.of(new NoiseSchedule(0, 0.5, 1), new NoiseSchedule(0.5), new NoiseSchedule(1))) {
        for (int t = 0; t < schedule.timesteps(); t++) {
          BoundTerm term = BoundTerm.at(schedule, prediction, t);
          assertTrue(Double.isFinite(term.scale()), term.toString());
          assertTrue(Double.isFinite(term.range()), term.toString());
          assertTrue(Double.isFinite(term.halfBin()), term.toString());
        }
      }
    }
  }

  @Test
  void theBoundFallsAndTheRunIsRepeatable() throws IOException {
    TrainingConfig config = config(10, 120, learned(1, 0, Rng.PHILOX));
    try (JvmEngine threads = new JvmEngine(3);
        Trainer trainer = trained(config, 120);
        Trainer again = new Trainer(threads, config, DIGITS)) {
      again.run(SILENT);
      List<Double> bounds = trainer.curve().rows().stream().map(LossCurve.Row::vlb).toList();
      double first = mean(bounds.subList(0, 40));
      double last = mean(bounds.subList(80, 120));
      assertTrue(last < 0.6 * first, first + " to " + last);
      assertTrue(last > 0, first + " to " + last);
      assertEquals(trainer.parameters(), again.parameters());
      assertEquals(bounds, again.curve().rows().stream().map(LossCurve.Row::vlb).toList());
      assertEquals("learned_range", config.scheduler().fields().get("variance_type"));
      Path csv = directory.resolve("loss.csv");
      trainer.curve().write(csv);
      assertEquals(trainer.curve().rows(), LossCurve.read(csv).rows());
    }
  }

  /** At timestep 1, where it matters most, the posterior's variance is too small for the error. */
  @Test
  void thePredictedVarianceIsBetterThanThePosteriors() {
    TrainingConfig config = config(10, 120, learned(1, 0, Rng.PHILOX));
    NoiseSchedule schedule = config.scheduler().noiseSchedule();
    int images = 10;
    int pixels = 64;
    float[] originals = new float[images * pixels];
    float[] noise = new float[originals.length];
    Random random = new Random(1);
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian();
      originals[i] = DIGITS.image(i / pixels)[i % pixels];
    }
    int[] timesteps = new int[images];
    float[] times = new float[images];
    Arrays.fill(timesteps, 1);
    Arrays.fill(times, 1);
    float[] output;
    try (Trainer trainer = trained(config, 120);
        Inference model =
            Inference.record(new UNet2DModel(UNET), new BatchShape(images, 8, 8))
                .open(ENGINE, trainer.parameters())) {
      float[] noisy = schedule.addNoise(originals, noise, timesteps);
      output = model.predict(UNetInputs.of(noisy, times, null).values());
    }
    BoundTerm term = BoundTerm.at(schedule, PredictionType.EPSILON, 1);
    double predicted = 0;
    double posterior = 0;
    for (int i = 0; i < noise.length; i++) {
      int at = i / pixels * 2 * pixels + i % pixels;
      double error = term.scale() * (output[at] - noise[i]);
      double u = (output[at + pixels] + 1) / 2 * term.range();
      predicted += u + Math.expm1(-u) + error * error * Math.exp(-u);
      posterior += error * error;
    }
    assertTrue(predicted < 0.9 * posterior, predicted + " against " + posterior);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  @Test
  void accumulatedBatchesAreALargerOne() {
    try (Trainer whole = trained(config(6, 4, learned(1, 5, Rng.PHILOX)), 2);
        Trainer parts = trained(config(2, 4, learned(3, 5, Rng.PHILOX)), 2)) {
      for (int i = 0; i < 2; i++) {
        LossCurve.Row expected = whole.curve().rows().get(i);
        LossCurve.Row actual = parts.curve().rows().get(i);
        assertEquals(expected.vlb(), actual.vlb(), 1e-3 * expected.vlb());
        assertEquals(expected.gradNorm(), actual.gradNorm(), 1e-3 * expected.gradNorm());
      }
    }
  }

  /** With next to no weight, the mean squared error leaves the bound's gradient alone. */
  @Test
  void minSnrDoesNotWeighTheBound() {
    try (Trainer plain = trained(config(6, 1, learned(1, 0, Rng.PHILOX)), 1);
        Trainer weighted = trained(config(6, 1, learned(1, 1e-12, Rng.PHILOX)), 1)) {
      LossCurve.Row row = weighted.curve().rows().getFirst();
      assertEquals(plain.curve().rows().getFirst().vlb(), row.vlb());
      assertTrue(row.loss() < 1e-8, row.toString());
      assertTrue(row.gradNorm() > 1e-5, row.toString());
    }
  }

  @ParameterizedTest
  @EnumSource
  void goesOnAsIfItHadNeverStopped(Rng rng) throws IOException {
    TrainingConfig config = config(4, 4, learned(2, 5, rng));
    Checkpoint checkpoint;
    try (Trainer first = trained(config, 3)) {
      checkpoint = first.save(new Checkpoints(directory), 1);
    }
    try (Trainer whole = trained(config, 4);
        Trainer second = Trainer.resume(ENGINE, config, DIGITS, checkpoint)) {
      second.run(SILENT);
      assertEquals(whole.parameters(), second.parameters());
      assertEquals(
          whole.curve().rows().stream().map(LossCurve.Row::vlb).toList(),
          second.curve().rows().stream().map(LossCurve.Row::vlb).toList());
    }
  }

  @Test
  void beginsWithAModelThatPredictsIt() {
    TrainingConfig config = config(2, 1, learned(1, 0, Rng.PHILOX));
    try (Trainer first = trained(config, 1)) {
      DiffusionModel base = config.model(first.parameters());
      TrainingVariant from = variant(VarianceType.LEARNED_RANGE, 1, 0, Rng.PHILOX, base);
      TrainingConfig next = config(2, 1, from);
      try (Trainer second = trained(next, 1)) {
        assertEquals(base.scheduler().fields(), next.scheduler().fields());
        assertTrue(second.curve().rows().getFirst().vlb() > 0);
      }
      assertMessage(
          "out_channels is 2: it must be 1 as in_channels",
          variant(VarianceType.FIXED_SMALL, 1, 0, Rng.PHILOX, base));
    }
  }

  @Test
  void refusesModelsThatDoNot() {
    Exception wrong =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                config(2, 1, learned(1, 0, Rng.PHILOX))
                    .withModel(PLAIN, learned(1, 0, Rng.PHILOX)));
    assertEquals(
        "out_channels is 1: it must be 2, twice in_channels, to predict the variance too",
        wrong.getMessage());
    assertMessage("out_channels is 2: it must be 1 as in_channels", TrainingVariant.PLAIN);
    assertThrows(
        IllegalArgumentException.class,
        () -> variant(VarianceType.LEARNED, 1, 0, Rng.PHILOX, null));
  }

  private static void assertMessage(String message, TrainingVariant variant) {
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> config(2, 1, variant)).getMessage());
  }
}
