package io.github.tornadodiffusion.kernels;

import java.util.List;

/** Matrix products, plain and batched. Rows are padded to a multiple of 16 floats, the padding being zero. */
public final class MatMul {
  private MatMul() {}

  public static int scratch(int batch, int m, int n, int k) {
    throw new UnsupportedOperationException();
  }

  /** c[i] = op(a[i]) op(b[i]); op(a) is m x k (stored [m][round16(k)], or [k][round16(m)] if transposed), op(b) k x n likewise, c [m][round16(n)]. */
  public static List<Call> multiply(int batch, int m, int n, int k, int a, boolean transposeA, int b, boolean transposeB, int c, int scratch) {
    throw new UnsupportedOperationException();
  }
}
