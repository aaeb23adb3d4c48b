package io.github.tornadodiffusion.kernels;

/** Time and class embeddings. Timesteps and labels are floats that hold integers. */
public final class Embedding {
  private Embedding() {}

  /**
   * Sinusoidal timestep embedding (diffusers get_timestep_embedding): with half = c / 2, arg = t * frequencies[i]; [sin, cos] or, flipped, [cos, sin]; an odd
   * last channel is zero.
   *
   * @param timesteps [n]
   * @param frequencies [c / 2], made by the host
   * @param out [n, 1, 1, c]
   */
  public static Call sinusoid(int timesteps, int frequencies, boolean flipSinToCos, Block out) {
    throw new UnsupportedOperationException();
  }

  /** out[i] = table[labels[i]]; table [classes][round16(c)], out [n, 1, 1, c]. */
  public static Call lookup(int table, int labels, Block out) {
    throw new UnsupportedOperationException();
  }

  public static Call lookupBackward(Block gradOut, int labels, int classes, int gradTable, boolean accumulate) {
    throw new UnsupportedOperationException();
  }
}
