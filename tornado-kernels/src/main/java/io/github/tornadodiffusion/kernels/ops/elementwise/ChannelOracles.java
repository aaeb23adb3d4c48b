package io.github.tornadodiffusion.kernels.ops.elementwise;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.Concat;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.Slice;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.Softmax;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelKernels.SoftmaxBackward;

/** Oracles of the kernels of {@code Elementwise} that do not treat all channels alike. */
final class ChannelOracles {
  private ChannelOracles() {}

  /** Aligned or not. */
  static Expectation concat(Call call) {
    RowsCall rows = RowsCall.of(call);
    int a = rows.d()[Concat.A_CHANNELS];
    int aStride = rows.d()[Concat.A_STRIDE];
    int b = rows.d()[Concat.B_CHANNELS];
    int bStride = rows.d()[Concat.B_STRIDE];
    int stride = rows.d()[Concat.STRIDE];
    return rows.expect(
        ", channels %d + %d".formatted(a, b),
        (place, before, sum) -> {
          int pixel = place.x() / stride;
          int channel = place.x() % stride;
          int y = place.y();
          if (channel < a) {
            sum.add(before.at(rows.in(0, place.image(), y, pixel * aStride + channel)));
          } else if (channel < a + b) {
            sum.add(before.at(rows.in(1, place.image(), y, pixel * bStride + channel - a)));
          }
        });
  }

  /** Aligned or not. */
  static Expectation slice(Call call) {
    RowsCall rows = RowsCall.of(call);
    int from = rows.d()[Slice.FROM];
    int inStride = rows.d()[Slice.IN_STRIDE];
    int channels = rows.d()[Slice.CHANNELS];
    int stride = rows.d()[Slice.STRIDE];
    return rows.expect(
        ", channels %d to %d".formatted(from, from + channels - 1),
        (place, before, sum) -> {
          int channel = place.x() % stride;
          if (channel < channels) {
            int x = place.x() / stride * inStride + from + channel;
            sum.add(before.at(rows.in(0, place.image(), place.y(), x)));
          }
        });
  }

  static Expectation softmax(Call call) {
    RowsCall rows = RowsCall.of(call);
    int channels = rows.d()[Softmax.CHANNELS];
    int stride = rows.d()[Softmax.STRIDE];
    return rows.expect(
        ", %d channels".formatted(channels),
        (place, before, sum) -> {
          int channel = place.x() % stride;
          if (channel < channels) {
            int pixel = rows.in(0, place) - channel;
            double peak = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < channels; j++) {
              peak = Math.max(peak, before.at(pixel + j));
            }
            double total = 0;
            for (int j = 0; j < channels; j++) {
              total += Math.exp(before.at(pixel + j) - peak);
            }
            sum.add(Math.exp(before.at(pixel + channel) - peak) / total);
          }
        });
  }

  /** The padding lanes stay zero because softmax is zero there. */
  static Expectation softmaxBackward(Call call) {
    RowsCall rows = RowsCall.of(call);
    int stride = rows.d()[SoftmaxBackward.STRIDE];
    return rows.expect((place, before, sum) -> {
      int channel = place.x() % stride;
      int soft = rows.in(0, place) - channel;
      int grad = rows.in(1, place) - channel;
      double own = before.at(soft + channel);
      sum.add(own * before.at(grad + channel));
      for (int j = 0; j < stride; j++) {
        sum.add(-own * before.at(soft + j) * before.at(grad + j));
      }
    });
  }
}
