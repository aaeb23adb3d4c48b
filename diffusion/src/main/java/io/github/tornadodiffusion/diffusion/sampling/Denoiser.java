package io.github.tornadodiffusion.diffusion.sampling;

/** A model as sampling uses it; always called with the same number of images. */
@FunctionalInterface
public interface Denoiser {
  /**
   * Predicts.
   *
   * @param sample x_t, NCHW
   * @param timesteps one per image
   * @param labels one per image; null for a model without classes
   * @return NCHW
   */
  float[] predict(float[] sample, float[] timesteps, int[] labels);
}
