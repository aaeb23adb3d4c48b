package io.github.tornadodiffusion.diffusion.training;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;

/**
 * Weights of the losses of images, so that timesteps with little noise do not outweigh the others
 * (Hang et al. 2023, "Efficient Diffusion Training via Min-SNR Weighting Strategy", equations 8 to
 * 10), where SNR = alphasCumprod / (1 - alphasCumprod).
 *
 * @param gamma above 0; 5 in the paper
 */
public record MinSnr(double gamma) implements LossWeight {
  /**
   * Checks gamma.
   *
   * @throws IllegalArgumentException in one line if it is not possible
   */
  public MinSnr {
    check(gamma > 0 && gamma < 1e9, "snr_gamma", gamma, "at least 0 and below 1e9");
  }

  /** Min-SNR weighting, or with 0 none. */
  public static LossWeight of(double gamma) {
    return gamma == 0 ? UNIFORM : new MinSnr(gamma);
  }

  /**
   * The weight: min(SNR, gamma), divided by the weight that the loss of the prediction already
   * implies.
   */
  @Override
  public double at(PredictionType prediction, double signal, double sigma) {
    double snr = signal * signal / (sigma * sigma);
    return switch (prediction) {
      case SAMPLE -> Math.min(snr, gamma);
      // At SNR 0 this is the limit; written so that neither end divides zero by zero.
      case EPSILON -> snr <= gamma ? 1 : gamma / snr;
      case V_PREDICTION, FLOW_PREDICTION -> Math.min(snr, gamma) / (snr + 1);
    };
  }
}
