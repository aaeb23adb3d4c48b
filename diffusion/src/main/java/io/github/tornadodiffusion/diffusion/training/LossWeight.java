package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.plugins.Plugins;

/** The weight of the loss of an image, which depends on how noisy the image is. */
@FunctionalInterface
public interface LossWeight {
  /** All images have the same weight. */
  LossWeight UNIFORM = (prediction, signal, sigma) -> 1;

  /**
   * The weight of an image.
   *
   * @param prediction what the model predicts, of which the loss is the mean squared error
   * @param signal the share of the clean image at its timestep, sqrt(alphasCumprod)
   * @param sigma the share of the noise, sqrt(1 - alphasCumprod)
   */
  double at(PredictionType prediction, double signal, double sigma);

  /**
   * The weight of a class on the class path or in a plug-in, see {@link Plugins}.
   *
   * @throws IllegalArgumentException in one line if there is none
   */
  static LossWeight of(String className) {
    return Plugins.create(LossWeight.class, className)
        .orElseThrow(() -> Plugins.unknown(LossWeight.class, className));
  }
}
