package io.github.tornadodiffusion.experiments.oracles;

import io.github.tornadodiffusion.experiments.oracles.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.Call;

/** Oracles of {@code Elementwise}, without those that tell channels apart. */
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
    int factor = rows.d()[12];
    return rows.expect(
        (place, before, sum) -> sum.add(before.at(factor) * before.at(rows.in(0, place))));
  }

  static Expectation affine(Call call) {
    RowsCall rows = RowsCall.of(call);
    int channels = rows.d()[12];
    int stride = rows.d()[13];
    int factor = rows.d()[14];
    int term = rows.d()[15];
    return rows.expect((place, before, sum) -> {
      if (place.x() % stride < channels) {
        sum.add(before.at(factor) * before.at(rows.in(0, place)));
        sum.add(before.at(term));
      }
    });
  }
}
