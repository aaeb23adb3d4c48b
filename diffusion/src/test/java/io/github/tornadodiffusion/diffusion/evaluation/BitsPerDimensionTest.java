package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.sampling.Denoiser;
import io.github.tornadodiffusion.diffusion.schedulers.config.VarianceType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bound where it is known: for independent normal values the best model is linear, and every
 * term has a closed form.
 */
class BitsPerDimensionTest {
  private static final double DEVIATION = 0.2;
  private static final double LN2 = Math.log(2);

  private static NoiseSchedule linear(int timesteps) {
    return new NoiseSchedule(BetaSchedule.LINEAR.betas(timesteps, 1e-4, 20.0 / timesteps));
  }

  private static EvaluatedModel best(
      NoiseSchedule schedule, PredictionType prediction, int batch, double variance) {
    Denoiser denoiser = new LinearDenoiser(schedule, prediction, 0, DEVIATION, variance);
    return new EvaluatedModel(denoiser, batch, schedule, prediction, false);
  }

  private static BitsPerDimension.Options options(VarianceType variance, int timesteps) {
    return new BitsPerDimension.Options(variance, false, BitsPerDimension.LEVELS, timesteps);
  }

  /** The expected divergence of a step: the mean's error is a share of the posterior's of x_0. */
  private static double expectedBits(NoiseSchedule schedule, int t, double variance) {
    double before = schedule.alphaCumprod(t - 1);
    double now = schedule.alphaCumprod(t);
    double beta = schedule.beta(t);
    double posterior = beta * (1 - before) / (1 - now);
    double share = Math.sqrt(before) * beta / (1 - now);
    double square = DEVIATION * DEVIATION;
    double error = square * (1 - now) / (now * square + 1 - now);
    return (Math.log(variance / posterior) + (posterior + share * share * error) / variance - 1)
        / 2
        / LN2;
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FLOW_PREDICTION")
  void divergencesOfNormalValues(PredictionType prediction) {
    NoiseSchedule schedule = linear(40);
    ValueImages images = ValueImages.normal(16, 32, DEVIATION, 1);
    for (VarianceType variance :
        List.of(VarianceType.FIXED_SMALL, VarianceType.FIXED_LARGE, VarianceType.LEARNED_RANGE)) {
      double said = variance == VarianceType.LEARNED_RANGE ? -0.4 : Double.NaN;
      BitsPerDimension bits =
          BitsPerDimension.of(
              best(schedule, prediction, 16, said), images, options(variance, 40), 2);
      double sum = bits.prior();
      for (int t = 1; t < 40; t++) {
        BitsPerDimension.Term term = bits.terms().get(t);
        double beta = schedule.beta(t);
        double posterior =
            beta * (1 - schedule.alphaCumprod(t - 1)) / (1 - schedule.alphaCumprod(t));
        double modelVariance =
            switch (variance) {
              case FIXED_SMALL -> posterior;
              case FIXED_LARGE -> beta;
              default -> Math.pow(beta, 0.3) * Math.pow(posterior, 0.7);
            };
        double expected = expectedBits(schedule, t, modelVariance);
        // Means of 16,384 squares: their standard error is 1.1 %.
        assertEquals(expected, term.bits(), 0.05 * expected + 1e-6, variance + " at " + t);
        assertEquals(t, term.first());
        assertEquals(1, term.timesteps());
        sum += term.bits();
      }
      sum += bits.terms().getFirst().bits();
      assertEquals(sum, bits.mean(), 1e-9);
    }
  }

  /** KL(N(signal x_0, sigma^2) || N(0, 1)), by the formula for two normal distributions. */
  @Test
  void priorOfTheLastTimestep() {
    NoiseSchedule schedule = new NoiseSchedule(0.1, 0.2);
    float[] image = {0.5f, -1, 0, 0.25f};
    double kept = 0.9 * 0.8;
    double expected = 0;
    for (float value : image) {
      double mean = Math.sqrt(kept) * value;
      expected += (mean * mean + (1 - kept) - 1 - Math.log(1 - kept)) / 2 / 4 / LN2;
    }
    ValueImages images = new ValueImages(new float[][] {image}, 2);
    BitsPerDimension bits =
        BitsPerDimension.of(
            best(schedule, PredictionType.EPSILON, 1, Double.NaN),
            images,
            options(VarianceType.FIXED_SMALL, 2),
            1);
    assertEquals(expected, bits.prior(), 1e-9);
  }

  static List<BetaSchedule> twoSchedules() {
    return List.of(BetaSchedule.LINEAR, BetaSchedule.SQUAREDCOS_CAP_V2);
  }

  /** The entropy of the values in bins, which no model can go below. */
  @ParameterizedTest
  @MethodSource("twoSchedules")
  void approachesTheEntropyWithManySteps(BetaSchedule betas) {
    ValueImages images = ValueImages.normal(4, 32, DEVIATION, 3).rounded(256);
    double entropy = Math.log(2 * Math.PI * Math.E) / 2 / LN2 + Math.log(DEVIATION * 127.5) / LN2;
    double few = bound(betas, images, 50);
    double many = bound(betas, images, 1000);
    assertTrue(many < few, many + " < " + few);
    // The last step's variance is not the best one: at a ratio of 1.85 that is 0.17 bits at most.
    assertEquals(entropy, many, 0.2);
    assertTrue(many > entropy - 0.03, many + " > " + entropy);
  }

  private static double bound(BetaSchedule betas, ValueImages images, int timesteps) {
    NoiseSchedule schedule =
        new NoiseSchedule(betas.betas(timesteps, 0.1 / timesteps, 20.0 / timesteps));
    EvaluatedModel model = best(schedule, PredictionType.EPSILON, 4, Double.NaN);
    return BitsPerDimension.of(model, images, options(VarianceType.FIXED_LARGE, timesteps), 5)
        .mean();
  }

  /** Without doubt about x_0 no step diverges, and a sharp last step hits the bin. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FLOW_PREDICTION")
  void oneValueCostsNothing(PredictionType prediction) {
    NoiseSchedule schedule = new NoiseSchedule(1e-7, 1e-7, 1e-3, 0.1, 0.999999);
    float value = 0.2f;
    ValueImages images = new ValueImages(new float[][] {{value, value, value, value}}, 2);
    EvaluatedModel model =
        new EvaluatedModel(
            new LinearDenoiser(schedule, prediction, value, 0, Double.NaN),
            1,
            schedule,
            prediction,
            false);
    BitsPerDimension bits =
        BitsPerDimension.of(model, images, options(VarianceType.FIXED_SMALL, 5), 1);
    assertEquals(0, bits.mean(), 1e-3);
    for (BitsPerDimension.Term term : bits.terms()) {
      assertEquals(0, term.bits(), 1e-3);
    }
  }

  @Test
  void theLastStepIsTheProbabilityOfTheBin() {
    NoiseSchedule schedule = new NoiseSchedule(0.02, 0.03);
    float mean = 0.1f;
    Denoiser constant = (sample, timesteps, labels) -> filled(sample.length, mean);
    EvaluatedModel model = new EvaluatedModel(constant, 1, schedule, PredictionType.SAMPLE, false);
    double variance = 0.03 * 0.02 / (1 - 0.98 * 0.97);
    NormalDistribution normal = new NormalDistribution(mean, Math.sqrt(variance));
    float[] values = {-1, 1, 0, 3 / 17f};
    double half = 1 / 17.0;
    double[] expected = {
      normal.cumulativeProbability(-1 + half),
      // The other tail of the mirrored distribution, where no digits are lost.
      new NormalDistribution(-mean, Math.sqrt(variance)).cumulativeProbability(-1 + half),
      normal.probability(-half, half),
      normal.probability(2 / 17.0, 4 / 17.0)
    };
    for (VarianceType type : List.of(VarianceType.FIXED_SMALL, VarianceType.FIXED_LARGE)) {
      for (int i = 0; i < values.length; i++) {
        ValueImages images = new ValueImages(new float[][] {{values[i]}}, 1);
        BitsPerDimension.Options options = new BitsPerDimension.Options(type, false, 18, 2);
        double bits = BitsPerDimension.of(model, images, options, 1).terms().getFirst().bits();
        assertEquals(-Math.log(expected[i]) / LN2, bits, 1e-5 * bits);
      }
    }
  }

  private static float[] filled(int length, float value) {
    float[] values = new float[length];
    Arrays.fill(values, value);
    return values;
  }

  /** Many draws of few timesteps have the mean of all timesteps. */
  @Test
  void fewTimestepsEstimateAll() {
    NoiseSchedule schedule = linear(60);
    ValueImages images = ValueImages.normal(40, 8, DEVIATION, 4).rounded(256);
    EvaluatedModel model = best(schedule, PredictionType.EPSILON, 40, Double.NaN);
    double all =
        BitsPerDimension.of(model, images, options(VarianceType.FIXED_LARGE, 60), 1).mean();
    double sum = 0;
    for (int seed = 0; seed < 40; seed++) {
      BitsPerDimension some =
          BitsPerDimension.of(model, images, options(VarianceType.FIXED_LARGE, 8), seed);
      assertEquals(8, some.terms().size());
      double weighted = some.prior();
      for (BitsPerDimension.Term term : some.terms()) {
        weighted += term.timesteps() * term.bits();
      }
      assertEquals(weighted, some.mean(), 1e-9);
      sum += some.mean();
    }
    assertEquals(all, sum / 40, 0.01 * all);
  }

  @Test
  void doesNotDependOnTheBatch() {
    NoiseSchedule schedule = linear(20);
    ValueImages images = ValueImages.normal(7, 4, DEVIATION, 5);
    List<BitsPerDimension> results = new ArrayList<>();
    for (int batch : new int[] {1, 3, 7, 10}) {
      EvaluatedModel model = best(schedule, PredictionType.V_PREDICTION, batch, Double.NaN);
      results.add(BitsPerDimension.of(model, images, options(VarianceType.FIXED_SMALL, 6), 9));
    }
    for (BitsPerDimension result : results) {
      assertArrayEquals(results.getFirst().perImage(), result.perImage());
      assertEquals(results.getFirst().terms(), result.terms());
    }
  }

  /** A prediction beyond the images' range is wrong, and clipping makes it less so. */
  @Test
  void clipsThePredictedImage() {
    NoiseSchedule schedule = linear(30);
    EvaluatedModel model =
        new EvaluatedModel(
            (sample, timesteps, labels) -> filled(sample.length, 1.5f),
            1,
            schedule,
            PredictionType.SAMPLE,
            false);
    ValueImages images = new ValueImages(new float[][] {{1, 1, 1, 1}}, 2);
    BitsPerDimension clipped =
        BitsPerDimension.of(
            model,
            images,
            new BitsPerDimension.Options(VarianceType.FIXED_SMALL, true, 256, 30),
            1);
    assertEquals(0, clipped.terms().get(5).bits(), 1e-9);
    BitsPerDimension plain =
        BitsPerDimension.of(model, images, options(VarianceType.FIXED_SMALL, 30), 1);
    double share = schedule.originalShare(5);
    double expected = 0.25 * share * share / schedule.boundVariance(5) / 2 / LN2;
    assertEquals(expected, plain.terms().get(5).bits(), 1e-9);
  }

  /** Says so instead of comparing what does not belong together. */
  @Test
  void refusesAVarianceThatTheModelDoesNotPredict() {
    NoiseSchedule schedule = linear(30);
    ValueImages images = ValueImages.normal(2, 2, DEVIATION, 1);
    EvaluatedModel plain = best(schedule, PredictionType.EPSILON, 2, Double.NaN);
    EvaluatedModel learned = best(schedule, PredictionType.EPSILON, 2, 0);
    assertThrows(
        IllegalArgumentException.class,
        () -> BitsPerDimension.of(plain, images, options(VarianceType.LEARNED_RANGE, 10), 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> BitsPerDimension.of(learned, images, options(VarianceType.FIXED_SMALL, 10), 1));
  }
}
