package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumPixels;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumRows;
import java.util.ArrayList;
import java.util.List;

/** Oracles of {@code Reduce}. */
final class ReduceOracles {
  private ReduceOracles() {}

  static Expectation sumPixels(Call call) {
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

  static Expectation sumRows(Call call) {
    int[] d = call.descriptor();
    List<Region> regions = new ArrayList<>();
    for (int i = 0; i < d[SumRows.SUMS]; i++) {
      int at = i * SumRows.SIZE;
      int length = d[at + SumRows.LENGTH];
      int out = d[at + SumRows.OUT];
      boolean added = d[at + SumRows.ACCUMULATE] != 0;
      regions.add(
          Region.at(
              out,
              length,
              (j, before, sum) -> {
                sum.add(added ? before.at(out + j) : 0);
                for (int row = 0; row < d[at + SumRows.COUNT]; row++) {
                  sum.add(before.at(d[at + SumRows.ROWS] + row * length + j));
                }
              }));
    }
    int sums = regions.stream().mapToInt(Region::count).sum();
    String shape = "%d rows of %d".formatted(d[SumRows.COUNT], sums);
    boolean added = d[SumRows.ACCUMULATE] != 0;
    return new Expectation(added ? shape + ", added" : shape, regions);
  }
}
