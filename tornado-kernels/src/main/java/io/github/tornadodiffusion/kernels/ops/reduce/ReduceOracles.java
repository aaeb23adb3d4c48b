package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/** Oracles of {@code Reduce}. */
public final class ReduceOracles {
  private ReduceOracles() {}

  public static Expectation sumPixels(Call call) {
    int[] d = call.descriptor();
    int h = d[2];
    int w = d[3];
    int stride = d[4];
    int images = d[0] / d[1];
    return new Expectation(
        "%dx%dx%dx%d".formatted(images, h, w, stride),
        Region.at(
            d[8],
            images * stride,
            (i, before, sum) -> {
              int in = d[5] + i / stride * d[7] + i % stride;
              for (int y = 0; y < h; y++) {
                for (int x = 0; x < w; x++) {
                  sum.add(before.at(in + y * d[6] + x * stride));
                }
              }
            }));
  }

  public static Expectation sumRows(Call call) {
    int[] d = call.descriptor();
    int rows = d[1];
    int length = d[2];
    boolean added = d[5] != 0;
    return new Expectation(
        "%d rows of %d%s".formatted(rows, length, added ? ", added" : ""),
        Region.at(
            d[4],
            length,
            (i, before, sum) -> {
              sum.add(added ? before.at(d[4] + i) : 0);
              for (int row = 0; row < rows; row++) {
                sum.add(before.at(d[3] + row * length + i));
              }
            }));
  }
}
