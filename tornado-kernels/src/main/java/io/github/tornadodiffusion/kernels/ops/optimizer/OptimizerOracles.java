package io.github.tornadodiffusion.kernels.ops.optimizer;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Element;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.AdamW;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Clear;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Ema;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Norm;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Squares;

/** Oracles of {@code OptimizerCalls}. */
final class OptimizerOracles {
  private OptimizerOracles() {}

  static Expectation squares(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d parameters".formatted(d[Squares.LENGTH]),
        Region.at(
            d[Squares.SUMS],
            d[Squares.BOUND],
            (i, before, sum) -> {
              int end = Math.min((i + 1) * OptimizerCalls.CHUNK, d[Squares.LENGTH]);
              for (int k = i * OptimizerCalls.CHUNK; k < end; k++) {
                sum.add(before.at(d[Squares.GRADIENTS] + k) * before.at(d[Squares.GRADIENTS] + k));
              }
            }));
  }

  static Expectation norm(Call call) {
    int[] d = call.descriptor();
    int hyper = d[Norm.HYPER];
    return new Expectation(
        "%d sums".formatted(d[Norm.COUNT]),
        Region.at(
            hyper + OptimizerCalls.GRAD_NORM, 1, (i, before, sum) -> sum.add(norm(d, before))),
        Region.at(
            hyper + OptimizerCalls.GRAD_SCALE,
            1,
            (i, before, sum) -> {
              double most = before.at(hyper + OptimizerCalls.MAX_GRAD_NORM);
              sum.add(most > 0 ? Math.min(1, most / (norm(d, before) + 1e-6)) : 1);
            }));
  }

  private static double norm(int[] d, Arena before) {
    double squares = 0;
    for (int k = 0; k < d[Norm.COUNT]; k++) {
      squares += before.at(d[Norm.SUMS] + k);
    }
    return Math.sqrt(squares);
  }

  static Expectation adamW(Call call) {
    int[] d = call.descriptor();
    int length = d[AdamW.LENGTH];
    int hyper = d[AdamW.HYPER];
    Element first =
        (i, before, sum) -> {
          double beta1 = before.at(hyper + OptimizerCalls.BETA1);
          sum.add(beta1 * before.at(d[AdamW.FIRST_MOMENT] + i));
          sum.add((1 - beta1) * gradient(d, i, before));
        };
    Element second =
        (i, before, sum) -> {
          double beta2 = before.at(hyper + OptimizerCalls.BETA2);
          double gradient = gradient(d, i, before);
          sum.add(beta2 * before.at(d[AdamW.SECOND_MOMENT] + i));
          sum.add((1 - beta2) * gradient * gradient);
        };
    Region firstMoments = Region.at(d[AdamW.FIRST_MOMENT], length, first);
    Region secondMoments = Region.at(d[AdamW.SECOND_MOMENT], length, second);
    Element parameter =
        (i, before, sum) -> {
          double rate = before.at(hyper + OptimizerCalls.LEARNING_RATE);
          double decay = before.at(hyper + OptimizerCalls.WEIGHT_DECAY);
          double mean =
              firstMoments.expected(i, before).value()
                  / before.at(hyper + OptimizerCalls.BIAS_CORRECTION1);
          double spread =
              Math.sqrt(secondMoments.expected(i, before).value())
                  / before.at(hyper + OptimizerCalls.BIAS_CORRECTION2_SQRT);
          sum.add((1 - rate * decay) * before.at(d[AdamW.PARAMETERS] + i));
          sum.add(-rate * mean / (spread + before.at(hyper + OptimizerCalls.EPSILON)));
        };
    return new Expectation(
        "%d parameters".formatted(length),
        Region.at(d[AdamW.PARAMETERS], length, parameter),
        firstMoments,
        secondMoments);
  }

  private static double gradient(int[] d, int i, Arena before) {
    return before.at(d[AdamW.GRADIENTS] + i)
        * before.at(d[AdamW.HYPER] + OptimizerCalls.GRAD_SCALE);
  }

  static Expectation ema(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d parameters".formatted(d[Ema.LENGTH]),
        Region.at(
            d[Ema.SHADOW],
            d[Ema.LENGTH],
            (i, before, sum) -> {
              double decay = before.at(d[Ema.HYPER] + OptimizerCalls.EMA_DECAY);
              sum.add(decay * before.at(d[Ema.SHADOW] + i));
              sum.add((1 - decay) * before.at(d[Ema.PARAMETERS] + i));
            }));
  }

  /** Zeros. */
  static Expectation clear(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d parameters".formatted(d[Clear.LENGTH]),
        Region.at(d[Clear.GRADIENTS], d[Clear.LENGTH], (i, before, sum) -> {}));
  }
}
