package io.github.tornadodiffusion.diffusion;

import java.util.Arrays;

/** What the steps of DDPM and DDIM share. */
final class StepMath {
  /**
   * Stands for an alphasCumprod of zero where an epsilon prediction is divided by its root: noise
   * alone says nothing about x_0, but the sample has to stay finite. Far below every schedule that
   * keeps some signal.
   */
  private static final double LEAST_ALPHA = 0x1p-48;

  private StepMath() {}

  /**
   * @throws IllegalArgumentException if the arrays of a step do not go together
   */
  static void check(
      int modelOutput, boolean learnedVariance, float[] sample, float[] noise, int images) {
    if (images < 1 || sample.length % images != 0) {
      throw new IllegalArgumentException(
          "%d values do not divide into %d images".formatted(sample.length, images));
    }
    int expected = learnedVariance ? 2 * sample.length : sample.length;
    if (modelOutput != expected) {
      throw new IllegalArgumentException(
          "The model's output has %d values where the scheduler needs %d: %s"
              .formatted(
                  modelOutput,
                  expected,
                  learnedVariance
                      ? "a learned variance_type takes twice the sample's channels"
                      : "its out_channels must be the sample's channels"));
    }
    if (noise != null && noise.length != sample.length) {
      throw new IllegalArgumentException(
          "%d values of noise for %d of the sample".formatted(noise.length, sample.length));
    }
  }

  /**
   * The x_0 that an output means.
   *
   * @param alphaCumprod of the sample's timestep
   */
  static double predOriginal(
      PredictionType type, double alphaCumprod, double output, double sample) {
    return switch (type) {
      case EPSILON ->
          (sample - Math.sqrt(1 - alphaCumprod) * output)
              / Math.sqrt(Math.max(alphaCumprod, LEAST_ALPHA));
      case SAMPLE -> output;
      case V_PREDICTION -> Math.sqrt(alphaCumprod) * sample - Math.sqrt(1 - alphaCumprod) * output;
    };
  }

  /** Bounds the predicted x_0 of one image in place, as the configuration says. */
  static void bound(SchedulerConfig config, double[] predOriginal) {
    if (config.thresholding()) {
      double quantile = quantileOfMagnitude(predOriginal, config.dynamicThresholdingRatio());
      double limit = Math.min(Math.max(quantile, 1), config.sampleMaxValue());
      for (int i = 0; i < predOriginal.length; i++) {
        predOriginal[i] = Math.clamp(predOriginal[i], -limit, limit) / limit;
      }
    } else if (config.clipSample()) {
      double limit = config.clipSampleRange();
      for (int i = 0; i < predOriginal.length; i++) {
        predOriginal[i] = Math.clamp(predOriginal[i], -limit, limit);
      }
    }
  }

  /** Between the two nearest ranks by linear interpolation, as torch.quantile. */
  private static double quantileOfMagnitude(double[] values, double ratio) {
    double[] sorted = new double[values.length];
    Arrays.setAll(sorted, i -> Math.abs(values[i]));
    Arrays.sort(sorted);
    double rank = ratio * (sorted.length - 1);
    int below = (int) rank;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
  }

  /** alphasCumprod of t over that of an earlier timestep: the signal that the way between keeps. */
  static double kept(double alphaCumprod, double alphaCumprodPrevious) {
    return alphaCumprodPrevious == 0 ? 0 : alphaCumprod / alphaCumprodPrevious;
  }

  /** The variance of q(x_prev | x_t, x_0); zero where no noise lies between x_t and x_0. */
  static double posteriorVariance(double alphaCumprod, double alphaCumprodPrevious) {
    if (alphaCumprod == 1) {
      return 0;
    }
    return (1 - alphaCumprodPrevious)
        / (1 - alphaCumprod)
        * (1 - kept(alphaCumprod, alphaCumprodPrevious));
  }
}
