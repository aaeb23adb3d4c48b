package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels.Multiply;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels.Pack;

/** Oracles of {@code MatMul}. */
final class MatMulOracles {
  /** Columns that are adjacent in the packed matrix. */
  private static final int LANES = 16;

  private MatMulOracles() {}

  /** The right matrices in panels of 16 columns: a permutation. */
  static Expectation pack(Call call) {
    int[] d = call.descriptor();
    boolean transposed = d[Pack.TRANSPOSED] != 0;
    int k = d[Pack.K];
    int panels = d[Pack.PANELS];
    int n = d[Pack.N];
    int batch = d[Pack.BATCH];
    int down = transposed ? 1 : d[Pack.B_ROW];
    int across = transposed ? d[Pack.B_ROW] : 1;
    return new Expectation(
        "%dx %dx%d%s".formatted(batch, k, n, transposed ? " transposed" : ""),
        Region.at(
            d[Pack.PACKED],
            batch * panels * k * LANES,
            (i, before, sum) -> {
              int panel = i / (k * LANES);
              int column = panel % panels * LANES + i % LANES;
              if (column < n) {
                int row = i / LANES % k;
                sum.add(
                    before.at(
                        d[Pack.B]
                            + panel / panels * d[Pack.B_MATRIX]
                            + row * down
                            + column * across));
              }
            }));
  }

  /** c = a times the packed matrices. */
  static Expectation multiply(Call call) {
    int[] d = call.descriptor();
    int k = d[Multiply.K];
    int m = d[Multiply.M];
    int stride = d[Multiply.STRIDE];
    int batch = d[Multiply.BATCH];
    return new Expectation(
        "%dx %dx%d times %dx%d%s"
            .formatted(batch, m, k, k, stride, d[Multiply.A_COLUMN] == 1 ? "" : " transposed"),
        new Region(
            batch * m * stride,
            i ->
                d[Multiply.C]
                    + i / stride / m * d[Multiply.C_MATRIX]
                    + i / stride % m * d[Multiply.C_ROW]
                    + i % stride / LANES * d[Multiply.C_PANEL]
                    + i % LANES,
            (i, before, sum) -> {
              int column = i % stride;
              int row = i / stride % m;
              int matrix = i / stride / m;
              int a = d[Multiply.A] + matrix * d[Multiply.A_MATRIX] + row * d[Multiply.A_ROW];
              int packed =
                  d[Multiply.PACKED]
                      + matrix * d[Multiply.PACKED_MATRIX]
                      + column / LANES * LANES * k
                      + column % LANES;
              for (int j = 0; j < k; j++) {
                sum.add(before.at(a + j * d[Multiply.A_COLUMN]) * before.at(packed + j * LANES));
              }
              if (d[Multiply.ACCUMULATE] != 0) {
                int c =
                    d[Multiply.C]
                        + matrix * d[Multiply.C_MATRIX]
                        + row * d[Multiply.C_ROW]
                        + column / LANES * d[Multiply.C_PANEL]
                        + column % LANES;
                sum.add(before.at(c));
              }
            }));
  }
}
