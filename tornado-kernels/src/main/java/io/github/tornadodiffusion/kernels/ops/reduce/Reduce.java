package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumPixels;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumRows;

/** Sums in a fixed order, bound by memory: gradients of what was broadcast. */
public final class Reduce {
  private static final Kernel SUM_PIXELS =
      Kernel.of(ReduceKernels.class, "sumPixels")
          .with(ReduceOracles::sumPixels)
          .with(Tiles.variant(ReduceTileKernels.class, "sumPixels", 1024));
  private static final Kernel SUM_ROWS =
      Kernel.of(ReduceKernels.class, "sumRows").with(ReduceOracles::sumRows);

  private Reduce() {}

  /** perImage[n][round16(c)] = sum over the pixels of x. */
  public static Call sumPixels(Block x, int perImage) {
    int row = x.columns() * x.stride();
    int[] d = new int[SumPixels.SIZE];
    d[SumPixels.BOUND] = x.n() * x.stride() / 16;
    d[SumPixels.GROUPS] = x.stride() / 16;
    d[SumPixels.H] = x.h();
    d[SumPixels.W] = x.w();
    d[SumPixels.STRIDE] = x.stride();
    d[SumPixels.IN] = x.interior();
    d[SumPixels.IN_ROW] = row;
    d[SumPixels.IN_IMAGE] = x.rows() * row;
    d[SumPixels.OUT] = perImage;
    double elements = (double) x.pixels() * x.stride();
    return new Call(
        SUM_PIXELS, d, d[SumPixels.BOUND], elements, 4 * (elements + x.n() * x.stride()));
  }

  /** sum[length] = sum over i below n of rows[i][length]; length is a multiple of 16. */
  public static Call sumRows(int rows, int n, int length, int sum, boolean accumulate) {
    if (length % 16 != 0) {
      throw new IllegalArgumentException(
          "Reduce.sumRows: length " + length + " is not a multiple of 16");
    }
    int[] d = new int[SumRows.SIZE];
    d[SumRows.GROUPS] = length / 16;
    d[SumRows.COUNT] = n;
    d[SumRows.LENGTH] = length;
    d[SumRows.ROWS] = rows;
    d[SumRows.OUT] = sum;
    d[SumRows.ACCUMULATE] = accumulate ? 1 : 0;
    double elements = (double) n * length;
    return new Call(
        SUM_ROWS, d, d[SumRows.GROUPS], elements, 4 * (elements + (accumulate ? 2 : 1) * length));
  }
}
