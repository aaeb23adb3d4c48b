package io.github.tornadodiffusion.kernels.ops.resample;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.RowsCall.Place;

/** Oracles of {@code Resample}. */
final class ResampleOracles {
  private ResampleOracles() {}

  static Expectation nearest(Call call) {
    RowsCall rows = RowsCall.of(call);
    int[] d = rows.d();
    return rows.expect((place, before, sum) -> {
      int y = d[ResampleKernels.SOURCES + place.y()];
      int x = d[ResampleKernels.SOURCES + rows.h() + place.x() / d[ResampleKernels.STRIDE]];
      sum.add(before.at(pixel(rows, place, y, x)));
    });
  }

  static Expectation nearestBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    int[] d = rows.d();
    return rows.expect((place, before, sum) -> {
      int atY = ResampleKernels.STARTS + place.y();
      int atX = ResampleKernels.STARTS + 1 + rows.h() + place.x() / d[ResampleKernels.STRIDE];
      for (int y = d[atY]; y < d[atY + 1]; y++) {
        for (int x = d[atX]; x < d[atX + 1]; x++) {
          sum.add(before.at(pixel(rows, place, y, x)));
        }
      }
    });
  }

  static Expectation averagePool(Call call) {
    RowsCall rows = RowsCall.of(call);
    int stride = rows.d()[ResampleKernels.STRIDE];
    return rows.expect((place, before, sum) -> {
      for (int i = 0; i < 4; i++) {
        int y = 2 * place.y() + i / 2;
        int x = 2 * (place.x() / stride) + i % 2;
        sum.add(before.at(pixel(rows, place, y, x)) / 4);
      }
    });
  }

  static Expectation averagePoolBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    int[] d = rows.d();
    return rows.expect((place, before, sum) -> {
      int y = place.y() / 2;
      int x = place.x() / d[ResampleKernels.STRIDE] / 2;
      if (y < d[ResampleKernels.POOLED_H] && x < d[ResampleKernels.POOLED_W]) {
        sum.add(before.at(pixel(rows, place, y, x)) / 4);
      }
    });
  }

  static Expectation filter(Call call) {
    RowsCall rows = RowsCall.of(call);
    int[] d = rows.d();
    int taps = d[ResampleKernels.TAPS];
    return rows.expect((place, before, sum) -> {
      int rowTaps = ResampleKernels.TAP_TABLE + 2 * taps * place.y();
      int columnTaps =
          ResampleKernels.TAP_TABLE + 2 * taps * (rows.h() + place.x() / d[ResampleKernels.STRIDE]);
      for (int a = rowTaps; a < rowTaps + 2 * taps; a += 2) {
        for (int b = columnTaps; b < columnTaps + 2 * taps; b += 2) {
          double weight =
              (double) d[a + 1]
                  * d[b + 1]
                  / (d[ResampleKernels.DIVISOR] * d[ResampleKernels.DIVISOR]);
          sum.add(weight * before.at(pixel(rows, place, d[a], d[b])));
        }
      }
    });
  }

  static Expectation dilate(Call call) {
    RowsCall rows = RowsCall.of(call);
    int[] d = rows.d();
    int step = d[ResampleKernels.STEP];
    return rows.expect((place, before, sum) -> {
      int x = place.x() / d[ResampleKernels.STRIDE];
      if (place.y() % step == 0 && x % step == 0) {
        sum.add(before.at(pixel(rows, place, place.y() / step, x / step)));
      }
    });
  }

  /** The index of the same channel in another pixel of the input. */
  private static int pixel(RowsCall rows, Place place, int y, int x) {
    int stride = rows.d()[ResampleKernels.STRIDE];
    return rows.in(0, place.image(), y, x * stride + place.x() % stride);
  }
}
