package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.product.ProductTile;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumPixels;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumRows;
import java.util.List;

/** Sums in a fixed order, bound by memory: gradients of what was broadcast. */
public final class Reduce {
  private static final Kernel SUM_PIXELS =
      Kernel.of(ReduceKernels.class, "sumPixels")
          .with(ReduceOracles::sumPixels)
          .with(Tiles.variant(ProductTile.KERNEL, Reduce::productWithOnes));
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

  /** Of {@link ReduceKernels#sumPixels}: a row of ones x pixels x channels, an image a batch. */
  private static int[] productWithOnes(int[] d) {
    int stride = d[SumPixels.STRIDE];
    int[] p = ProductTile.product(1, stride, d[SumPixels.H] * d[SumPixels.W]);
    p[ProductTile.BATCHES] = d[SumPixels.BOUND] / d[SumPixels.GROUPS];
    p[ProductTile.LEFT] = -1;
    p[ProductTile.RIGHT] = d[SumPixels.IN];
    p[ProductTile.RIGHT_BATCH] = d[SumPixels.IN_IMAGE];
    ProductTile.coordinates(
        p, ProductTile.RIGHT_STEP, d[SumPixels.W], stride, d[SumPixels.H], d[SumPixels.IN_ROW], 0);
    p[ProductTile.RIGHT_PANEL] = 16;
    p[ProductTile.OUT] = d[SumPixels.OUT];
    p[ProductTile.OUT_BATCH] = stride;
    p[ProductTile.OUT_PANEL] = 16;
    return p;
  }

  /**
   * A sum of rows for {@link #sumRows(List)}.
   *
   * @param rows offset of [n][length]
   * @param n how many there are
   * @param length a multiple of 16
   * @param sum offset of [length]
   * @param accumulate whether to add to it or overwrite it
   */
  public record RowSum(int rows, int n, int length, int sum, boolean accumulate) {
    /** Checks the length. */
    public RowSum {
      if (length % 16 != 0) {
        throw new IllegalArgumentException(
            "Reduce.sumRows: length " + length + " is not a multiple of 16");
      }
    }
  }

  /** sum[length] = sum over i below n of rows[i][length]; length is a multiple of 16. */
  public static Call sumRows(int rows, int n, int length, int sum, boolean accumulate) {
    return sumRows(List.of(new RowSum(rows, n, length, sum, accumulate)));
  }

  /** Several sums in one launch, none of which reads what another one writes. */
  public static Call sumRows(List<RowSum> sums) {
    int[] d = new int[SumRows.FIRST + sums.size() * SumRows.SIZE];
    int groups = 0;
    double read = 0;
    double touched = 0;
    for (int i = 0; i < sums.size(); i++) {
      RowSum sum = sums.get(i);
      int at = i * SumRows.SIZE;
      d[at + SumRows.FIRST] = groups;
      d[at + SumRows.COUNT] = sum.n;
      d[at + SumRows.LENGTH] = sum.length;
      d[at + SumRows.ROWS] = sum.rows;
      d[at + SumRows.OUT] = sum.sum;
      d[at + SumRows.ACCUMULATE] = sum.accumulate ? 1 : 0;
      groups += (sum.length + SumRows.GROUP - 1) / SumRows.GROUP;
      read += (double) sum.n * sum.length;
      touched += (sum.accumulate ? 2.0 : 1.0) * sum.length;
    }
    d[SumRows.GROUPS] = groups;
    d[SumRows.SUMS] = sums.size();
    return new Call(SUM_ROWS, d, groups, read, 4 * (read + touched));
  }
}
