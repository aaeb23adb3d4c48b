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
   * @param firstImage the number of the first image in the array, counted from 0
   * @param out images one after another
   */
  void fill(int draw, int firstImage, float[] out);

  /**
   * Noise by counter: a value depends only on the seed, the draw, the number of the image and the
   * position in it, so an image is the same in a batch of any size.
   *
   * @param seed any number; training with the same seed has other noise
   * @param imageLength values per image
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

    /** The step of Philox for a draw. */
    public int step(int draw) {
      return draw - INITIAL;
    }

    /** The first index of an image in Philox. */
    public long firstIndex(int firstImage) {
      return (long) firstImage * imageLength;
    }
  }

  /** The stream of Philox that is reserved for sampling. */
  int STREAM = 0x5a;
}
