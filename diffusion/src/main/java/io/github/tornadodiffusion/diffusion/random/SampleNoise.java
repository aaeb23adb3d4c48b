package io.github.tornadodiffusion.diffusion.random;

import io.github.tornadodiffusion.kernels.ops.noise.Philox;

/** Where the noise of sampling comes from: standard normal values. */
public interface SampleNoise {
  /** The first draw, of the initial sample. */
  int INITIAL = -1;

  /**
   * Fills an array with noise.
   *
   * @param draw of a batch: {@link #INITIAL}, then 0 for the noise that a step adds first, and on
   * @param firstImage the number of the first image in the array, 0 first
   * @param out images one after another
   */
  void fill(int draw, int firstImage, float[] out);

  /**
   * Noise by counter: a value depends on the seed, the draw, the image's number and the place in
   * the image alone, so an image is the same in a batch of any size.
   *
   * @param seed any number; training with the same seed has other noise
   * @param imageLength values an image
   */
  static SampleNoise seeded(long seed, int imageLength) {
    return new Seeded(seed, imageLength);
  }

  /** See {@link #seeded}. A device can draw it by itself, to the last bit. */
  record Seeded(long seed, int imageLength) implements SampleNoise {
    @Override
    public void fill(int draw, int firstImage, float[] out) {
      Philox.gaussian(seed, STREAM, step(draw), firstIndex(firstImage), out);
    }

    /** The step of Philox that a draw is. */
    public int step(int draw) {
      return draw - INITIAL;
    }

    /** The index in Philox that an image begins with. */
    public long firstIndex(int firstImage) {
      return (long) firstImage * imageLength;
    }
  }

  /** The stream of Philox that sampling has for itself. */
  int STREAM = 0x5a;
}
