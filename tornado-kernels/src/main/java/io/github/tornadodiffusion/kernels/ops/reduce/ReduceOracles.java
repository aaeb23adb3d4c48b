package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumPixels;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumRows;

/** Oracles of {@code Reduce}. */
public final class ReduceOracles {
  private ReduceOracles() {}

  public static Expectation sumPixels(Call call) {
    int[] d = call.descriptor();
    int h = d[SumPixels.H];
    int w = d[SumPixels.W];
    int stride = d[SumPixels.STRIDE];
    int images = d[SumPixels.BOUND] / d[SumPixels.GROUPS];
    return new Expectation(
        "%dx%dx%dx%d".formatted(images, h, w, stride),
        Region.at(
            d[SumPixels.OUT],
            images * stride,
            (i, before, sum) -> {
              int in = d[SumPixels.IN] + i / stride * d[SumPixels.IN_IMAGE] + i % stride;
              for (int y = 0; y < h; y++) {
                for (int x = 0; x < w; x++) {
                  sum.add(before.at(in + y * d[SumPixels.IN_ROW] + x * stride));
                }
              }
            }));
  }

  public static Expectation sumRows(Call call) {
    int[] d = call.descriptor();
    int rows = d[SumRows.COUNT];
    int length = d[SumRows.LENGTH];
    boolean added = d[SumRows.ACCUMULATE] != 0;
    return new Expectation(
        "%d rows of %d%s".formatted(rows, length, added ? ", added" : ""),
        Region.at(
            d[SumRows.OUT],
            length,
            (i, before, sum) -> {
              sum.add(added ? before.at(d[SumRows.OUT] + i) : 0);
              for (int row = 0; row < rows; row++) {
                sum.add(before.at(d[SumRows.ROWS] + row * length + i));
              }
            }));
  }
}
