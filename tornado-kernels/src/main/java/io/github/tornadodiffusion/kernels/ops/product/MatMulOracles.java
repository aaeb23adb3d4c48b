package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/** Oracles of {@code MatMul}. */
public final class MatMulOracles {
  /** Columns that lie side by side in the packed matrix. */
  private static final int LANES = 16;

  private MatMulOracles() {}

  /** The right matrices in panels of 16 columns: a permutation. */
  public static Expectation pack(Call call) {
    int[] d = call.descriptor();
    boolean transposed = d[3] != 0;
    int k = d[4];
    int panels = d[5];
    int n = d[6];
    int batch = d[8];
    int down = transposed ? 1 : d[1];
    int across = transposed ? d[1] : 1;
    return new Expectation(
        "%dx %dx%d%s".formatted(batch, k, n, transposed ? " transposed" : ""),
        Region.at(
            d[7],
            batch * panels * k * LANES,
            (i, before, sum) -> {
              int panel = i / (k * LANES);
              int column = panel % panels * LANES + i % LANES;
              if (column < n) {
                int row = i / LANES % k;
                sum.add(before.at(d[0] + panel / panels * d[2] + row * down + column * across));
              }
            }));
  }

  /** c = a times the packed matrices. */
  public static Expectation multiply(Call call) {
    int[] d = call.descriptor();
    int k = d[5];
    int m = d[6];
    int stride = d[7];
    int batch = d[9];
    return new Expectation(
        "%dx %dx%d times %dx%d%s".formatted(batch, m, k, k, stride, d[2] == 1 ? "" : " transposed"),
        Region.at(
            d[8],
            batch * m * stride,
            (i, before, sum) -> {
              int column = i % stride;
              int row = i / stride % m;
              int matrix = i / stride / m;
              int a = d[0] + matrix * d[3] + row * d[1];
              int packed = d[4] + (matrix * stride + column / LANES * LANES) * k + column % LANES;
              for (int j = 0; j < k; j++) {
                sum.add(before.at(a + j * d[2]) * before.at(packed + j * LANES));
              }
            }));
  }
}
