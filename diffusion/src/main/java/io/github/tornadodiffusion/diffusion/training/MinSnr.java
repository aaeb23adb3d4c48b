package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;

/**
 * What the loss of an image counts at its timestep, so that timesteps with little noise do not
 * outweigh the others (Hang et al. 2023, "Efficient Diffusion Training via Min-SNR Weighting
 * Strategy", equations 8 to 10), where SNR = alphasCumprod / (1 - alphasCumprod).
 */
final class MinSnr {
  private MinSnr() {}

  /**
   * The weight: min(SNR, gamma), divided by what the prediction's own loss already counts.
   *
   * @param signal sqrt(alphasCumprod)
   * @param sigma sqrt(1 - alphasCumprod)
   * @param gamma above 0; 5 in the paper
   */
  static double weight(PredictionType prediction, double signal, double sigma, double gamma) {
    double snr = signal * signal / (sigma * sigma);
    return switch (prediction) {
      case SAMPLE -> Math.min(snr, gamma);
      // At SNR 0 the limit; written so that neither end divides zero by zero.
      case EPSILON -> snr <= gamma ? 1 : gamma / snr;
      case V_PREDICTION -> Math.min(snr, gamma) / (snr + 1);
    };
  }
}
