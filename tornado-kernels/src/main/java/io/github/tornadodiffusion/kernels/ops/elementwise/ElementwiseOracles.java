package io.github.tornadodiffusion.kernels.ops.elementwise;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.ops.elementwise.ElementwiseKernels.Affine;
import io.github.tornadodiffusion.kernels.ops.elementwise.ElementwiseKernels.Scale;

/** Oracles of {@code Elementwise}, except for {@code ChannelOracles}. */
final class ElementwiseOracles {
  private ElementwiseOracles() {}

  static Expectation copy(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> sum.add(before.at(rows.in(0, place))));
  }

  static Expectation add(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> {
      sum.add(before.at(rows.in(0, place)));
      sum.add(before.at(rows.in(1, place)));
    });
  }

  static Expectation scale(Call call) {
    RowsCall rows = RowsCall.of(call);
    int factor = rows.d()[Scale.FACTOR];
    return rows.expect(
        (place, before, sum) -> sum.add(before.at(factor) * before.at(rows.in(0, place))));
  }

  static Expectation affine(Call call) {
    RowsCall rows = RowsCall.of(call);
    int channels = rows.d()[Affine.CHANNELS];
    int stride = rows.d()[Affine.STRIDE];
    int factor = rows.d()[Affine.FACTOR];
    int term = rows.d()[Affine.TERM];
    return rows.expect((place, before, sum) -> {
      if (place.x() % stride < channels) {
        sum.add(before.at(factor) * before.at(rows.in(0, place)));
        sum.add(before.at(term));
      }
    });
  }
}
