package io.github.tornadodiffusion.kernels;

/** Gaussian noise by counter (Philox4x32-10, Salmon et al. 2011) and its mixing with images. */
public final class Noise {
  /** Floats in the seed block: four times 16 bits of the seed (lowest first), then two times 16 bits of the step, then the stream. */
  public static final int SEED_SIZE = 16;

  private Noise() {}

  /** The seed block's content for {@link #gaussian}. */
  public static float[] seedBlock(long seed, int stream, int step) {
    throw new UnsupportedOperationException();
  }

  /** Standard normal values; the value of an element depends on seed, stream, step and its index in the order [n][h][w][c] alone. */
  public static Call gaussian(int seedBlock, Block out) {
    throw new UnsupportedOperationException();
  }

  /** out = a[i] * x + b[i] * y for image i; addNoise and velocity. a, b: [n]. */
  public static Call mix(Block x, Block y, int a, int b, Block out) {
    throw new UnsupportedOperationException();
  }
}
