package io.github.tornadodiffusion.kernels.ops.dropout;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.ops.noise.Philox;

/** The oracle of {@code Dropout}. */
public final class DropoutOracles {
  private DropoutOracles() {}

  public static Expectation drop(Call call) {
    RowsCall rows = RowsCall.of(call);
    int[] d = rows.d();
    int channels = d[DropoutKernels.CHANNELS];
    int stride = d[DropoutKernels.STRIDE];
    int seed = d[DropoutKernels.SEED];
    int w = rows.rowFloats() / stride;
    return rows.expect(
        ", %d channels".formatted(channels),
        (place, before, sum) -> {
          int channel = place.x() % stride;
          if (channel < channels) {
            long image = (long) word(before, seed + 7) + place.image();
            long pixel = (image * rows.h() + place.y()) * w + place.x() / stride;
            boolean stays =
                random(seed, pixel * channels + channel, before) >= d[DropoutKernels.LEAST];
            sum.add(stays ? before.at(d[DropoutKernels.SCALE]) * before.at(rows.in(0, place)) : 0);
          }
        });
  }

  /** The upper 24 bits of the random word of an index. */
  private static int random(int seed, long index, Arena before) {
    int[] counter = {
      (int) (index / 4), (int) (index / 4 >> 32), word(before, seed + 4), (int) before.at(seed + 6)
    };
    Philox.scramble(counter, word(before, seed), word(before, seed + 2));
    return counter[(int) (index % 4)] >>> 8;
  }

  private static int word(Arena before, int at) {
    return Philox.word((float) before.at(at), (float) before.at(at + 1));
  }
}
