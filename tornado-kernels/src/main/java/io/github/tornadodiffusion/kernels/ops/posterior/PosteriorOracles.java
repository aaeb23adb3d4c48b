package io.github.tornadodiffusion.kernels.ops.posterior;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.ops.posterior.PosteriorKernels.Bounded;
import io.github.tornadodiffusion.kernels.ops.posterior.PosteriorKernels.BoundedBackward;

/** Oracles of {@code Posterior}. */
final class PosteriorOracles {
  private PosteriorOracles() {}

  static Expectation bounded(Call call) {
    RowsCall rows = RowsCall.of(call);
    int bounds = rows.d()[Bounded.BOUNDS];
    return rows.expect((place, before, sum) ->
        sum.add(
            Math.min(
                Math.max(before.at(rows.in(0, place)), before.at(bounds)), before.at(bounds + 1))));
  }

  static Expectation boundedBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    int bounds = rows.d()[BoundedBackward.BOUNDS];
    return rows.expect((place, before, sum) -> {
      double x = before.at(rows.in(0, place));
      boolean inside = x > before.at(bounds) && x < before.at(bounds + 1);
      sum.add(inside ? before.at(rows.in(1, place)) : 0);
    });
  }

  static Expectation drawn(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> {
      sum.add(before.at(rows.in(0, place)));
      sum.add(Math.exp(before.at(rows.in(1, place)) / 2) * before.at(rows.in(2, place)));
    });
  }

  static Expectation drawnBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> {
      double slope = Math.exp(before.at(rows.in(0, place)) / 2) * before.at(rows.in(1, place)) / 2;
      sum.add(before.at(rows.in(2, place)) * slope);
    });
  }

  static Expectation divergence(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> {
      double mean = before.at(rows.in(0, place));
      double logvar = before.at(rows.in(1, place));
      sum.add(mean * mean / 2);
      sum.add(Math.exp(logvar) / 2);
      sum.add(-0.5);
      sum.add(-logvar / 2);
    });
  }

  static Expectation divergenceBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) -> {
      double half = before.at(rows.in(1, place)) / 2;
      sum.add(half * Math.exp(before.at(rows.in(0, place))));
      sum.add(-half);
    });
  }

  static Expectation divergenceByMean(Call call) {
    RowsCall rows = RowsCall.of(call);
    return rows.expect((place, before, sum) ->
        sum.add(before.at(rows.in(0, place)) * before.at(rows.in(1, place))));
  }
}
