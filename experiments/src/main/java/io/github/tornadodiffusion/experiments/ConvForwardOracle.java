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
      int panel,
      int out,
      int outStride,
      int images,
      int w,
      int h,
      int rowStep,
      int start,
      int startStride,
      boolean startGiven,
      int bias,
      int perImage,
      int pixelsPerImage) {
    static View of(Call call) {
      int[] d = call.descriptor();
      return new View(
          d[0],
          d[1],
          d[2],
          d[3],
          d[4],
          d[5],
          d[6],
          d[7],
          d[8],
          d[9],
          d[12],
          d[13],
          d[14],
          d[15],
          d[17],
          d[18],
          d[19] != 0,
          d[20],
          d[21],
          d[22]);
    }

    long outputs() {
      return (long) images * h * w * outStride;
    }
  }

  @Override
  public String shape(Call call) {
    View v = View.of(call);
    return "%dx%dx%d %dx%d %d -> %d"
        .formatted(v.images, v.h, v.w, v.kernelH, v.kernelH, v.run / v.kernelH, v.outStride);
  }

  @Override
  public long outputs(Call call) {
    return View.of(call).outputs();
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
    int weights = v.weights + channel / LANES * v.panel + channel % LANES;
    double sum = 0;
    for (int ky = 0; ky < v.kernelH; ky++) {
      for (int r = 0; r < v.run; r++) {
        sum += before.at(in + ky * v.rowStride + r) * before.at(weights + (ky * v.run + r) * LANES);
      }
    }
    sum += v.startGiven ? before.at(v.start + pixel * v.startStride + channel) : 0;
    sum += v.bias < 0 ? 0 : before.at(v.bias + channel);
    int perImage = v.perImage + pixel / v.pixelsPerImage * v.outStride + channel;
    sum += v.perImage < 0 ? 0 : before.at(perImage);
    return sum;
  }
}
