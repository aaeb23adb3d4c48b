package io.github.tornadodiffusion.diffusion.random;

import io.github.tornadodiffusion.nn.io.Ids;

/** Where random numbers come from. */
public enum Rng {
  /**
   * Counters (Philox and SplitMix64): a number depends only on the seed and its index, whatever the
   * batch and the device.
   */
  PHILOX,
  /** PyTorch's generator for the CPU, which repeats what diffusers draws on the CPU. */
  TORCH;

  /** The name on the command line and in files. */
  public String id() {
    return Ids.id(this);
  }

  /**
   * The generator with the given name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Rng of(String id) {
    return Ids.parse(Rng.class, "rng", id);
  }

  /**
   * The noise of sampling.
   *
   * @param images of the whole request; with {@link #TORCH} every image depends on their number
   * @param imageLength values per image
   */
  public SampleNoise sampleNoise(long seed, int images, int imageLength) {
    return switch (this) {
      case PHILOX -> SampleNoise.seeded(seed, imageLength);
      case TORCH -> new TorchSampleNoise(seed, images, imageLength);
    };
  }
}
