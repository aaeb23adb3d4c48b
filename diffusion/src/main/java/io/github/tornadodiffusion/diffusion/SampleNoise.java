package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.kernels.Philox;

/** Where the noise of sampling comes from: standard normal values. */
public interface SampleNoise {
  /** The initial sample's place of a step. */
  int INITIAL = -1;

  /**
   * Fills an array with noise.
   *
   * @param step the call of the model after which the noise is added, 0 first, or {@link #INITIAL}
   * @param firstImage the number of the first image in the array, 0 first
   * @param out images one after another
   */
  void fill(int step, int firstImage, float[] out);

  /**
   * Noise by counter: a value depends on the seed, the step, the image's number and the place in
   * the image alone, so an image is the same in a batch of any size.
   *
   * @param seed any number; training with the same seed has other noise
   * @param imageLength values an image
   */
  static SampleNoise seeded(long seed, int imageLength) {
    return (step, firstImage, out) ->
        Philox.gaussian(seed, STREAM, step + 1, (long) firstImage * imageLength, out);
  }

  /** The stream of Philox that sampling has for itself. */
  int STREAM = 0x5a;
}
