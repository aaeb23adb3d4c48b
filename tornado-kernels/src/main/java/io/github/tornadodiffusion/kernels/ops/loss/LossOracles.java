package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredError;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredErrorBackward;

/** Oracles of {@code Loss}. */
public final class LossOracles {
  private LossOracles() {}

  public static Expectation meanSquaredError(Call call) {
    int[] d = call.descriptor();
    int floats = d[MeanSquaredError.H] * d[MeanSquaredError.PITCH];
    return new Expectation(
        "%dx%d".formatted(d[MeanSquaredError.IMAGES], floats),
        Region.at(
            d[MeanSquaredError.PER_IMAGE],
            d[MeanSquaredError.IMAGES],
            (i, before, sum) -> {
              for (int k = i * floats; k < (i + 1) * floats; k++) {
                double error =
                    before.at(d[MeanSquaredError.PREDICTION] + k)
                        - before.at(d[MeanSquaredError.TARGET] + k);
                sum.add(error * error / d[MeanSquaredError.ELEMENTS]);
              }
            }));
  }

  public static Expectation meanSquaredErrorBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    double elements = rows.d()[MeanSquaredErrorBackward.ELEMENTS];
    int weights = rows.d()[MeanSquaredErrorBackward.WEIGHTS];
    return rows.expect((place, before, sum) -> {
      double error = before.at(rows.in(0, place)) - before.at(rows.in(1, place));
      sum.add(before.at(weights + place.image()) * 2 / elements * error);
    });
  }
}
