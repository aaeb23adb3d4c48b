package io.github.tornadodiffusion.diffusion.random;

import io.github.tornadodiffusion.nn.training.TorchGenerator;
import java.util.Arrays;

/**
 * The noise of a diffusers pipeline on the CPU that was given {@code torch.manual_seed(seed)} and
 * samples all images as one batch: one draw for the initial sample, one for every step that adds
 * noise.
 *
 * <p>Each batch draws the noise of all images again, because a generator cannot produce only a
 * part.
 */
final class TorchSampleNoise implements SampleNoise {
  private final long seed;
  private final float[] all;
  private final int imageLength;
  private TorchGenerator generator;

  /**
   * Noise for a number of images.
   *
   * @param imageLength values per image
   */
  TorchSampleNoise(long seed, int images, int imageLength) {
    this.seed = seed;
    this.imageLength = imageLength;
    all = new float[Math.multiplyExact(images, imageLength)];
  }

  /** The draws of a batch must be asked for in order; images beyond the last are zeros. */
  @Override
  public void fill(int draw, int firstImage, float[] out) {
    if (draw == INITIAL) {
      generator = new TorchGenerator(seed);
    }
    generator.randn(all);
    int from = firstImage * imageLength;
    int drawn = Math.min(out.length, all.length - from);
    System.arraycopy(all, from, out, 0, drawn);
    Arrays.fill(out, drawn, out.length, 0);
  }
}
