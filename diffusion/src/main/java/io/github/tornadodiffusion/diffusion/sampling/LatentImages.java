package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;

/**
 * Images as normal distributions over latents, of which a process draws.
 *
 * @param mean of image after image, NCHW
 * @param logvar the logarithms of the variances, likewise
 * @param images how many there are; image i of a result begins with image i of these, in turn
 * @param config how latents are scaled
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
public record LatentImages(float[] mean, float[] logvar, int images, AutoencoderKLConfig config) {
  /** Draws latents of a batch from its next noise, scaled for a diffusion model. */
  float[] draw(BatchRun batch) {
    batch.draw();
    float[] noise = batch.read(Update.NOISE);
    int length = noise.length / batch.images();
    double shift = config.shiftFactor() == null ? 0 : config.shiftFactor();
    float[] latents = new float[noise.length];
    for (int i = 0; i < latents.length; i++) {
      int at = (batch.firstImage() + i / length) % images * length + i % length;
      double drawn = mean[at] + Math.exp(logvar[at] / 2) * noise[i];
      latents[i] = (float) ((drawn - shift) * config.scalingFactor());
    }
    return latents;
  }

  /** The means, scaled for a diffusion model. */
  public float[] scaledMean() {
    double shift = config.shiftFactor() == null ? 0 : config.shiftFactor();
    float[] scaled = new float[mean.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (float) ((mean[i] - shift) * config.scalingFactor());
    }
    return scaled;
  }

  /** Sets {@link Update#IMAGES} of a batch to what is drawn. */
  public void write(BatchRun batch) {
    batch.write(Update.IMAGES, draw(batch));
  }
}
