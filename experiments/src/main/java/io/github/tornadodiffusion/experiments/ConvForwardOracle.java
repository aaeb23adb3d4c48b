package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Call;

/** {@code out = conv(in) + bias + perImage + residual}, see {@code Conv.forward}. */
final class ConvForwardOracle implements CallOracle {
  private static final int LANES = 16;

  /** The descriptor by name. */
  private record View(
      int in,
      int rowStride,
      int imageStride,
      int pixelStep,
      int run,
      int kernelH,
      int weights,
      int laneBlock,
      int out,
      int outStride,
      int pixels,
      int w,
      int h,
      int rowStep,
      int bias,
      int perImage,
      int residual) {
    static View of(Call call) {
      int[] d = call.descriptor();
      return new View(
          d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13],
          d[14], d[15], d[16]);
    }
  }

  @Override
  public String shape(Call call) {
    View v = View.of(call);
    return "%dx%dx%d run %d x %d -> %d"
        .formatted(v.pixels / (v.w * v.h), v.h, v.w, v.kernelH, v.run, v.outStride);
  }

  @Override
  public long outputs(Call call) {
    View v = View.of(call);
    return (long) v.pixels * v.outStride;
  }

  @Override
  public int index(Call call, long i) {
    return Math.toIntExact(View.of(call).out + i);
  }

  @Override
  public double expected(Call call, long i, Arena before) {
    View v = View.of(call);
    int pixel = (int) (i / v.outStride);
    int channel = (int) (i % v.outStride);
    int image = pixel / (v.w * v.h);
    int y = pixel / v.w % v.h;
    int x = pixel % v.w;
    int in = v.in + image * v.imageStride + y * v.rowStep + x * v.pixelStep;
    int weights = v.weights + channel / LANES * v.laneBlock + channel % LANES;
    double sum = 0;
    for (int ky = 0; ky < v.kernelH; ky++) {
      for (int r = 0; r < v.run; r++) {
        sum +=
            before.at(in + ky * v.rowStride + r) * before.at(weights + (ky * v.run + r) * LANES);
      }
    }
    sum += v.bias < 0 ? 0 : before.at(v.bias + channel);
    sum += v.perImage < 0 ? 0 : before.at(v.perImage + image * v.outStride + channel);
    sum += v.residual < 0 ? 0 : before.at(v.residual + (int) i);
    return sum;
  }
}
