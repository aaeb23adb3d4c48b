package io.github.tornadodiffusion.kernels.ops.peak;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/** Oracles of {@code Peak}. */
final class PeakOracles {
  private PeakOracles() {}

  /** y = x after repeating x = factor * x + term. */
  static Expectation multiplyAdd(Call call) {
    int[] d = call.descriptor();
    int rows = d[PeakKernels.ROWS];
    int times = d[PeakKernels.TIMES];
    return new Expectation(
        "%d rows, %d times".formatted(rows, times),
        Region.at(
            d[PeakKernels.Y],
            rows * Peak.ROW,
            (i, before, sum) -> {
              double x = before.at(d[PeakKernels.X] + i);
              for (int k = 0; k < times; k++) {
                x = x * before.at(d[PeakKernels.FACTOR]) + before.at(d[PeakKernels.TERM]);
              }
              sum.add(x);
            }));
  }
}
