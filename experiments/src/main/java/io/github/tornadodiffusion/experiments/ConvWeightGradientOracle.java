package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Call;

/** The gradient of a convolution's weights by chunks of images, see {@code Conv.weightGradient}. */
final class ConvWeightGradientOracle implements CallOracle {
  private static final int LANES = 16;

  /** The descriptor by name. */
  private record View(
      int in,
      int rowStride,
      int imageStride,
      int pixelStep,
      int inStride,
      int kernelH,
      int kernelW,
      int rowStep,
      int gradOut,
      int outStride,
      int images,
      int w,
      int h,
      int target,
      int size,
      int chunks,
      int imagesPerChunk,
      boolean accumulate) {
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
          d[10],
          d[11],
          d[12],
          d[13],
          d[14],
          d[15],
          d[16],
          d[17] != 0);
    }
  }

  @Override
  public String shape(Call call) {
    View v = View.of(call);
    return "%dx%dx%d %dx%d %d -> %d, %d chunks"
        .formatted(v.images, v.h, v.w, v.kernelH, v.kernelW, v.inStride, v.outStride, v.chunks);
  }

  @Override
  public long outputs(Call call) {
    View v = View.of(call);
    return (long) v.chunks * v.size;
  }

  @Override
  public int index(Call call, long i) {
    return Math.toIntExact(View.of(call).target + i);
  }

  @Override
  public double expected(Call call, long i, Arena before) {
    View v = View.of(call);
    int chunk = (int) (i / v.size);
    int element = (int) (i % v.size);
    int lane = element % LANES;
    int cin = element / LANES % v.inStride;
    int kx = element / LANES / v.inStride % v.kernelW;
    int ky = element / LANES / v.inStride / v.kernelW % v.kernelH;
    int cout = element / LANES / v.inStride / v.kernelW / v.kernelH * LANES + lane;
    int last = Math.min(v.images, (chunk + 1) * v.imagesPerChunk);
    double sum = v.accumulate ? before.at(v.target + (int) i) : 0;
    for (int n = chunk * v.imagesPerChunk; n < last; n++) {
      for (int y = 0; y < v.h; y++) {
        for (int x = 0; x < v.w; x++) {
          int in =
              v.in
                  + n * v.imageStride
                  + y * v.rowStep
                  + ky * v.rowStride
                  + x * v.pixelStep
                  + kx * v.inStride
                  + cin;
          int out = v.gradOut + ((n * v.h + y) * v.w + x) * v.outStride + cout;
          sum += before.at(in) * before.at(out);
        }
      }
    }
    return sum;
  }
}
