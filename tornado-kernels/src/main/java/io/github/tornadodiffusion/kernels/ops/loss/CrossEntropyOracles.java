package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/** Oracles of {@code CrossEntropy}. */
public final class CrossEntropyOracles {
  private CrossEntropyOracles() {}

  public static Expectation perImage(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%dx%d".formatted(d[0], d[1]),
        Region.at(
            d[5],
            d[0],
            (i, before, sum) -> {
              int row = d[3] + i * d[2];
              sum.add(Math.log(exponentials(d, row, before)));
              sum.add(-before.at(row + (int) before.at(d[4] + i)));
            }));
  }

  public static Expectation backward(Call call) {
    int[] d = call.descriptor();
    int stride = d[2];
    return new Expectation(
        "%dx%d".formatted(d[0], d[1]),
        Region.at(
            d[5],
            d[0] * stride,
            (i, before, sum) -> {
              int image = i / stride;
              int row = d[3] + image * stride;
              if (i % stride < d[1]) {
                double all = exponentials(d, row, before);
                sum.add(Math.exp(before.at(row + i % stride)) / all / d[0]);
                sum.add((int) before.at(d[4] + image) == i % stride ? -1.0 / d[0] : 0);
              }
            }));
  }

  private static double exponentials(int[] d, int row, Arena before) {
    double sum = 0;
    for (int k = 0; k < d[1]; k++) {
      sum += Math.exp(before.at(row + k));
    }
    return sum;
  }
}
