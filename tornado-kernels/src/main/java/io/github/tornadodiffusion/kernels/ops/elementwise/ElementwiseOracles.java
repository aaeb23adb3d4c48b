package io.github.tornadodiffusion.kernels.ops.elementwise;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;

/** Oracles of {@code Elementwise}, without those that tell channels apart. */
public final class ElementwiseOracles {
  private ElementwiseOracles() {}

  public static Expectation copy(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> sum.add(before.at(rows.in(0, place))));
  }

  public static Expectation add(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> {
      sum.add(before.at(rows.in(0, place)));
      sum.add(before.at(rows.in(1, place)));
    });
  }

  public static Expectation scale(Call call) {
    RowsCall rows = RowsCall.of(call);
    int factor = rows.d()[12];
    return rows.expect(
        (place, before, sum) -> sum.add(before.at(factor) * before.at(rows.in(0, place))));
  }

  public static Expectation affine(Call call) {
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
