package io.github.tornadodiffusion.kernels.ops.sampling;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import java.util.stream.IntStream;

/** Oracles of {@code SamplerUpdate}. */
public final class SamplerUpdateOracles {
  /** Floats of a line before its weights: target, factor, limit. */
  private static final int HEAD = 3;

  private SamplerUpdateOracles() {}

  public static Expectation combine(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d registers of %d".formatted(d[2], d[1]),
        IntStream.range(0, d[2])
            .mapToObj(register ->
                Region.at(
                    d[4 + register],
                    d[1],
                    (i, before, sum) -> sum.add(after(d, i, before)[register])))
            .toList());
  }

  /** Element i of all registers after all lines. */
  private static double[] after(int[] d, int i, Arena before) {
    double[] registers = new double[d[2]];
    for (int k = 0; k < registers.length; k++) {
      registers[k] = before.at(d[4 + k] + i);
    }
    for (int s = 0; s < before.at(d[3]); s++) {
      int line = d[3] + 1 + s * (HEAD + registers.length);
      double value = 0;
      for (int k = 0; k < registers.length; k++) {
        value += before.at(line + HEAD + k) * registers[k];
      }
      int factor = (int) before.at(line + 1);
      value *= factor < 0 ? 1 : registers[factor];
      double limit = before.at(line + 2);
      registers[(int) before.at(line)] = limit > 0 ? Math.clamp(value, -limit, limit) : value;
    }
    return registers;
  }

  public static Expectation learnedNoise(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d values".formatted(d[1]),
        Region.at(
            d[2],
            d[1],
            (i, before, sum) -> {
              double predicted = before.at(d[2] + i);
              double least = before.at(d[4] + 2);
              double deviation =
                  least > 0
                      ? Math.sqrt(Math.max(predicted, least))
                      : Math.exp(before.at(d[4]) + before.at(d[4] + 1) * predicted);
              sum.add(before.at(d[3] + i) * deviation);
            }));
  }
}
