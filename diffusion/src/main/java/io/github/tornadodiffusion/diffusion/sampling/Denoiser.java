package io.github.tornadodiffusion.diffusion.sampling;

/** A model as sampling sees it; always asked with the same number of images. */
@FunctionalInterface
public interface Denoiser {
  /**
   * What the model predicts.
   *
   * @param sample x_t, NCHW
   * @param timesteps one an image
   * @param labels one an image; null for a model without classes
   * @return NCHW
   */
  float[] predict(float[] sample, float[] timesteps, int[] labels);
}
