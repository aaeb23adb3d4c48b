package io.github.tornadodiffusion.kernels.ops.sampling;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdateKernels.Combine;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdateKernels.LearnedNoise;
import java.util.stream.IntStream;

/** Oracles of {@code SamplerUpdate}. */
public final class SamplerUpdateOracles {
  private SamplerUpdateOracles() {}

  public static Expectation combine(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d registers of %d".formatted(d[Combine.COUNT], d[Combine.LENGTH]),
        IntStream.range(0, d[Combine.COUNT])
            .mapToObj(register ->
                Region.at(
                    d[Combine.REGISTERS + register],
                    d[Combine.LENGTH],
                    (i, before, sum) -> sum.add(after(d, i, before)[register])))
            .toList());
  }

  /** Element i of all registers after all lines. */
  private static double[] after(int[] d, int i, Arena before) {
    double[] registers = new double[d[Combine.COUNT]];
    for (int k = 0; k < registers.length; k++) {
      registers[k] = before.at(d[Combine.REGISTERS + k] + i);
    }
    for (int s = 0; s < before.at(d[Combine.LINES]); s++) {
      int line = d[Combine.LINES] + 1 + s * (SamplerUpdate.HEAD + registers.length);
      double value = 0;
      for (int k = 0; k < registers.length; k++) {
        value += before.at(line + SamplerUpdate.HEAD + k) * registers[k];
      }
      int factor = (int) before.at(line + SamplerUpdate.FACTOR);
      value *= factor < 0 ? 1 : registers[factor];
      double limit = before.at(line + SamplerUpdate.LIMIT);
      registers[(int) before.at(line)] = limit > 0 ? Math.clamp(value, -limit, limit) : value;
    }
    return registers;
  }

  public static Expectation learnedNoise(Call call) {
    int[] d = call.descriptor();
    return new Expectation(
        "%d values".formatted(d[LearnedNoise.LENGTH]),
        Region.at(
            d[LearnedNoise.VARIANCE],
            d[LearnedNoise.LENGTH],
            (i, before, sum) -> {
              double predicted = before.at(d[LearnedNoise.VARIANCE] + i);
              double least = before.at(d[LearnedNoise.COEFFICIENTS] + 2);
              double deviation =
                  least > 0
                      ? Math.sqrt(Math.max(predicted, least))
                      : Math.exp(
                          before.at(d[LearnedNoise.COEFFICIENTS])
                              + before.at(d[LearnedNoise.COEFFICIENTS] + 1) * predicted);
              sum.add(before.at(d[LearnedNoise.NOISE] + i) * deviation);
            }));
  }
}
