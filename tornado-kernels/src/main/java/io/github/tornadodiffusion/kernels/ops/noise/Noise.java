package io.github.tornadodiffusion.kernels.ops.noise;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.noise.NoiseKernels.Gaussian;
import io.github.tornadodiffusion.kernels.ops.noise.NoiseKernels.MixImages;
import java.util.List;

/** Gaussian noise by counter ({@link Philox}) and its mixing with images. */
public final class Noise {
  /**
   * Floats in the seed block: four times 16 bits of the seed (lowest first), two times 16 bits of
   * the step, the stream, four times 16 bits of the first index.
   */
  public static final int SEED_SIZE = 16;

  private static final Kernel GAUSSIAN =
      Kernel.of(NoiseKernels.class, "gaussian").with(NoiseOracles::gaussian);
  private static final Kernel MIX_IMAGES =
      Kernel.of(NoiseKernels.class, "mixImages").with(NoiseOracles::mixImages);

  /** Larger ones would not be exact as a float. */
  private static final int MAX_STREAM = 1 << 24;

  private Noise() {}

  /**
   * The seed block's content for {@link #gaussian}.
   *
   * @param stream distinguishes independent uses of one seed, 0 to 2^24
   */
  public static float[] seedBlock(long seed, int stream, int step) {
    return seedBlock(seed, stream, step, 0);
  }

  /**
   * The same for a part of a larger whole.
   *
   * @param firstIndex the index of the block's first element in the whole, not negative
   */
  public static float[] seedBlock(long seed, int stream, int step, long firstIndex) {
    if (firstIndex < 0) {
      throw new IllegalArgumentException("Noise index " + firstIndex + ": must not be negative");
    }
    if (stream < 0 || stream > MAX_STREAM) {
      throw new IllegalArgumentException("Noise stream " + stream + ": use 0 to " + MAX_STREAM);
    }
    float[] block = new float[SEED_SIZE];
    for (int i = 0; i < 4; i++) {
      block[i] = (seed >>> (16 * i)) & 0xFFFF;
      block[7 + i] = (firstIndex >>> (16 * i)) & 0xFFFF;
    }
    block[4] = step & 0xFFFF;
    block[5] = step >>> 16;
    block[6] = stream;
    return block;
  }

  /**
   * Standard normal values; the value of an element depends on seed, stream, step and its index in
   * the order [n][h][w][c] (plus the first index) alone, not on border, padding or the number of
   * images that follow.
   */
  public static Call gaussian(int seedBlock, Block out) {
    return gaussian(seedBlock, out, 1);
  }

  /**
   * The same with indices in the order [n][c][h][w], as images have on the host: the values of
   * {@link Philox#gaussian}.
   */
  public static Call gaussianByChannel(int seedBlock, Block out) {
    return gaussian(seedBlock, out, out.c());
  }

  private static Call gaussian(int seedBlock, Block out, int planes) {
    return Rows.callByImage(
        GAUSSIAN,
        20,
        false,
        out,
        List.of(),
        Rows.at(Gaussian.CHANNELS, out.c()),
        Rows.at(Gaussian.STRIDE, out.stride()),
        Rows.at(Gaussian.SEED, seedBlock),
        Rows.at(Gaussian.PLANES, planes));
  }

  /**
   * out = a[i] * x + b[i] * y for image i: addNoise and velocity of a diffusion schedule. a, b:
   * [n].
   */
  public static Call mix(Block x, Block y, int a, int b, Block out) {
    Rows.requireSameChannels(MIX_IMAGES, out, x, y);
    return Rows.callByImage(
        MIX_IMAGES, 3, false, out, List.of(x, y), Rows.at(MixImages.A, a), Rows.at(MixImages.B, b));
  }
}
