package io.github.tornadodiffusion.kernels.ops.noise;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.RowsCall;
import io.github.tornadodiffusion.kernels.ops.noise.NoiseKernels.Gaussian;
import io.github.tornadodiffusion.kernels.ops.noise.NoiseKernels.MixImages;

/** Oracles of {@code Noise}. */
public final class NoiseOracles {
  private static final long LOW = 0xFFFFFFFFL;

  private NoiseOracles() {}

  public static Expectation gaussian(Call call) {
    RowsCall rows = RowsCall.of(call);
    int channels = rows.d()[Gaussian.CHANNELS];
    int stride = rows.d()[Gaussian.STRIDE];
    int seed = rows.d()[Gaussian.SEED];
    int planes = rows.d()[Gaussian.PLANES];
    int each = channels / planes;
    int w = rows.rowFloats() / stride;
    return rows.expect(
        ", %d channels%s".formatted(channels, planes > 1 ? " in planes" : ""),
        (place, before, sum) -> {
          int channel = place.x() % stride;
          if (channel < channels) {
            long first = word(before, seed + 7) | word(before, seed + 9) << 32;
            long plane = (long) place.image() * planes + channel / each;
            long pixel = (plane * rows.h() + place.y()) * w + place.x() / stride;
            sum.add(normal(seed, first + pixel * each + channel % each, before));
          }
        });
  }

  public static Expectation mixImages(Call call) {
    RowsCall rows = RowsCall.of(call);
    int a = rows.d()[MixImages.A];
    int b = rows.d()[MixImages.B];
    return rows.expect((place, before, sum) -> {
      sum.add(before.at(a + place.image()) * before.at(rows.in(0, place)));
      sum.add(before.at(b + place.image()) * before.at(rows.in(1, place)));
    });
  }

  /** The value of an index: Philox4x32-10 and Box-Muller, see {@code Philox}. */
  private static double normal(int seed, long index, Arena before) {
    long block = index / 4;
    long[] c = {block & LOW, block >>> 32, word(before, seed + 4), (long) before.at(seed + 6)};
    long key0 = word(before, seed);
    long key1 = word(before, seed + 2);
    for (int round = 0; round < 10; round++) {
      long product0 = 0xD2511F53L * c[0];
      long product1 = 0xCD9E8D57L * c[2];
      c[0] = product1 >>> 32 ^ c[1] ^ key0;
      c[1] = product1 & LOW;
      c[2] = product0 >>> 32 ^ c[3] ^ key1;
      c[3] = product0 & LOW;
      key0 = key0 + 0x9E3779B9L & LOW;
      key1 = key1 + 0xBB67AE85L & LOW;
    }
    int pair = (int) (index % 4) / 2 * 2;
    double radius = Math.sqrt(-2 * Math.log(((c[pair] >>> 8) + 0.5) * 0x1p-24));
    double angle = 2 * Math.PI * (c[pair + 1] >>> 8) * 0x1p-24;
    return radius * (index % 2 == 0 ? Math.cos(angle) : Math.sin(angle));
  }

  /** 32 bits from two floats that hold 16 each, lower ones first. */
  private static long word(Arena before, int at) {
    return (long) before.at(at) | (long) before.at(at + 1) << 16;
  }
}
