package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels.Multiply;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels.Pack;
import java.util.List;

/**
 * Matrix products, plain and batched, of matrices whose rows are padded with zeros to a multiple of
 * 16 floats.
 */
public final class MatMul {
  private static final Kernel PACK =
      Kernel.of(MatMulKernels.class, "pack").with(MatMulOracles::pack);
  private static final Kernel MULTIPLY =
      Kernel.of(MatMulKernels.class, "multiply")
          .with(MatMulOracles::multiply)
          .with(
              Tiles.variant(ProductTile.KERNEL, ProductTile::matrices)
                  .serving(call -> call.descriptor()[Multiply.ACCUMULATE] == 0));

  private MatMul() {}

  /** Floats of scratch memory that {@link #multiply} needs. */
  public static int scratch(int batch, int n, int k) {
    return Math.multiplyExact(batch * k, Block.round16(n));
  }

  /**
   * {@code c[i] = op(a[i]) op(b[i])} for each matrix i of the batch.
   *
   * @param m rows of op(a) and c
   * @param n columns of op(b) and c
   * @param k columns of op(a), rows of op(b)
   * @param a offset of {@code [batch][m][round16(k)]}, or if transposed {@code
   *     [batch][k][round16(m)]}
   * @param b offset of {@code [batch][k][round16(n)]}, or if transposed {@code
   *     [batch][n][round16(k)]}
   * @param c offset of {@code [batch][m][round16(n)]}; its padding is written as zeros
   * @param scratch offset of {@link #scratch} floats
   */
  public static List<Call> multiply(
      int batch,
      int m,
      int n,
      int k,
      int a,
      boolean transposeA,
      int b,
      boolean transposeB,
      int c,
      int scratch) {
    int mStride = Block.round16(m);
    int nStride = Block.round16(n);
    int kStride = Block.round16(k);
    int[] pack = new int[Pack.SIZE];
    pack[Pack.B] = b;
    pack[Pack.B_ROW] = transposeB ? kStride : nStride;
    pack[Pack.B_MATRIX] = transposeB ? n * kStride : k * nStride;
    pack[Pack.TRANSPOSED] = transposeB ? 1 : 0;
    pack[Pack.K] = k;
    pack[Pack.PANELS] = nStride / 16;
    pack[Pack.N] = n;
    pack[Pack.PACKED] = scratch;
    pack[Pack.BATCH] = batch;
    int[] multiply = new int[Multiply.SIZE];
    multiply[Multiply.A] = a;
    multiply[Multiply.A_ROW] = transposeA ? 1 : kStride;
    multiply[Multiply.A_COLUMN] = transposeA ? mStride : 1;
    multiply[Multiply.A_MATRIX] = transposeA ? k * mStride : m * kStride;
    multiply[Multiply.PACKED] = scratch;
    multiply[Multiply.K] = k;
    multiply[Multiply.M] = m;
    multiply[Multiply.STRIDE] = nStride;
    multiply[Multiply.PACKED_MATRIX] = k * nStride;
    multiply[Multiply.C] = c;
    multiply[Multiply.C_ROW] = nStride;
    multiply[Multiply.C_PANEL] = 16;
    multiply[Multiply.C_MATRIX] = m * nStride;
    multiply[Multiply.BATCH] = batch;
    double bElements = (double) batch * k * nStride;
    return List.of(
        new Call(PACK, pack, batch * (nStride / 16), 0, 8 * bElements),
        multiply(multiply, 2.0 * batch * m * n * k));
  }

  /**
   * A product of packed matrices.
   *
   * @param d the descriptor, with the places of {@link Multiply}
   * @param flops without padding
   */
  public static Call multiply(int[] d, double flops) {
    int m = d[Multiply.M];
    int stride = d[Multiply.STRIDE];
    double a = (double) m * Block.round16(d[Multiply.K]);
    double b = (double) d[Multiply.K] * stride;
    double c = (double) m * stride * (1 + d[Multiply.ACCUMULATE]);
    return new Call(
        MULTIPLY,
        d,
        d[Multiply.BATCH] * ((m + 7) / 8) * ((stride + 31) / 32),
        flops,
        4 * d[Multiply.BATCH] * (a + b + c));
  }
}
