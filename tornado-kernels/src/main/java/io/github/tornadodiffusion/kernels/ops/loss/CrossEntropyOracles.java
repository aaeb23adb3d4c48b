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
        "%dx%d".formatted(d[CrossEntropyKernels.IMAGES], d[CrossEntropyKernels.CLASSES]),
        Region.at(
            d[CrossEntropyKernels.OUT],
            d[CrossEntropyKernels.IMAGES],
            (i, before, sum) -> {
              int row = d[CrossEntropyKernels.LOGITS] + i * d[CrossEntropyKernels.STRIDE];
              sum.add(Math.log(exponentials(d, row, before)));
              sum.add(-before.at(row + (int) before.at(d[CrossEntropyKernels.LABELS] + i)));
            }));
  }

  public static Expectation backward(Call call) {
    int[] d = call.descriptor();
    int stride = d[CrossEntropyKernels.STRIDE];
    return new Expectation(
        "%dx%d".formatted(d[CrossEntropyKernels.IMAGES], d[CrossEntropyKernels.CLASSES]),
        Region.at(
            d[CrossEntropyKernels.OUT],
            d[CrossEntropyKernels.IMAGES] * stride,
            (i, before, sum) -> {
              int image = i / stride;
              int row = d[CrossEntropyKernels.LOGITS] + image * stride;
              if (i % stride < d[CrossEntropyKernels.CLASSES]) {
                double all = exponentials(d, row, before);
                sum.add(
                    Math.exp(before.at(row + i % stride)) / all / d[CrossEntropyKernels.IMAGES]);
                sum.add(
                    (int) before.at(d[CrossEntropyKernels.LABELS] + image) == i % stride
                        ? -1.0 / d[CrossEntropyKernels.IMAGES]
                        : 0);
              }
            }));
  }

  private static double exponentials(int[] d, int row, Arena before) {
    double sum = 0;
    for (int k = 0; k < d[CrossEntropyKernels.CLASSES]; k++) {
      sum += Math.exp(before.at(row + k));
    }
    return sum;
  }
}
