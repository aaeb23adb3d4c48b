package io.github.tornadodiffusion.kernels;

/** Sums in a fixed order: gradients of what was broadcast. */
public final class Reduce {
  private Reduce() {}

  /** perImage[n][round16(c)] = sum over the pixels of x. */
  public static Call sumPixels(Block x, int perImage) {
    throw new UnsupportedOperationException();
  }

  /** sum[length] = sum over i below n of rows[i][length]; length is a multiple of 16. */
  public static Call sumRows(int rows, int n, int length, int sum, boolean accumulate) {
    throw new UnsupportedOperationException();
  }
}
