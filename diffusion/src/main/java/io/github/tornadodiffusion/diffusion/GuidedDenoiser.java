package io.github.tornadodiffusion.diffusion;

import java.util.Arrays;

/**
 * Classifier-free guidance (Ho and Salimans 2022): what a model says of an image with its label,
 * exaggerated by how far that is from what it says without one.
 *
 * <p>output = unconditional + scale * (conditional - unconditional), as diffusers counts the scale:
 * 1 is the model itself. A predicted variance stays that of the label.
 */
public final class GuidedDenoiser implements Denoiser {
  private final Denoiser model;
  private final double scale;
  private final int nullLabel;

  /**
   * Guides a model; it is called twice for every prediction.
   *
   * @param scale at least 0
   * @param nullLabel the label that stands for none, see {@link ClassLabels#nullClass}
   */
  public GuidedDenoiser(Denoiser model, double scale, int nullLabel) {
    this.model = model;
    this.scale = scale;
    this.nullLabel = nullLabel;
  }

  @Override
  public float[] predict(float[] sample, float[] timesteps, int[] labels) {
    int[] none = new int[timesteps.length];
    Arrays.fill(none, nullLabel);
    float[] conditional = model.predict(sample, timesteps, labels);
    float[] unconditional = model.predict(sample, timesteps, none);
    int image = sample.length / timesteps.length;
    int stride = conditional.length / timesteps.length;
    float[] guided = conditional.clone();
    for (int i = 0; i < guided.length; i++) {
      if (i % stride < image) {
        guided[i] =
            (float) (unconditional[i] + scale * ((double) conditional[i] - unconditional[i]));
      }
    }
    return guided;
  }
}
