package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.RowsCall;

/** Oracles of {@code Loss}. */
public final class LossOracles {
  private LossOracles() {}

  public static Expectation meanSquaredError(Call call) {
    int[] d = call.descriptor();
    int floats = d[1] * d[2];
    return new Expectation(
        "%dx%d".formatted(d[0], floats),
        Region.at(
            d[6],
            d[0],
            (i, before, sum) -> {
              for (int k = i * floats; k < (i + 1) * floats; k++) {
                double error = before.at(d[4] + k) - before.at(d[5] + k);
                sum.add(error * error / d[3]);
              }
            }));
  }

  public static Expectation meanSquaredErrorBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    double elements = rows.d()[15];
    int weights = rows.d()[16];
    return rows.expect((place, before, sum) -> {
      double error = before.at(rows.in(0, place)) - before.at(rows.in(1, place));
      sum.add(before.at(weights + place.image()) * 2 / elements * error);
    });
  }
}
