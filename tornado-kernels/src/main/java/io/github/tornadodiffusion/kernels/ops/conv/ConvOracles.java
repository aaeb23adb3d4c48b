package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.Flip;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.WeightGradient;

/** Oracles of {@code Conv}. */
final class ConvOracles {
  /** Output channels that lie side by side in the weights. */
  private static final int LANES = 16;

  private ConvOracles() {}

  /** out = conv(in) + bias + perImage + residual. */
  static Expectation forward(Call call) {
    int[] d = call.descriptor();
    int run = d[Forward.RUN];
    int kernelH = d[Forward.KERNEL_H];
    int stride = d[Forward.OUT_STRIDE];
    int images = d[Forward.IMAGES];
    int w = d[Forward.OUT_W];
    int h = d[Forward.OUT_H];
    int bias = d[Forward.BIAS];
    int perImage = d[Forward.PER_IMAGE];
    return new Expectation(
        "%dx%dx%d %dx%d %d -> %d".formatted(images, h, w, kernelH, kernelH, run / kernelH, stride),
        Region.at(
            d[Forward.OUT],
            images * h * w * stride,
            (i, before, sum) -> {
              int pixel = i / stride;
              int channel = i % stride;
              int in =
                  d[Forward.IN]
                      + pixel / (w * h) * d[Forward.IN_IMAGE]
                      + pixel / w % h * d[Forward.ROW_STEP]
                      + pixel % w * d[Forward.PIXEL_STEP];
              int weights =
                  d[Forward.WEIGHTS] + channel / LANES * d[Forward.PANEL] + channel % LANES;
              for (int ky = 0; ky < kernelH; ky++) {
                for (int r = 0; r < run; r++) {
                  int weight = weights + (ky * run + r) * LANES;
                  sum.add(before.at(in + ky * d[Forward.IN_ROW] + r) * before.at(weight));
                }
              }
              sum.add(
                  d[Forward.START_CHANNEL] == 0
                      ? 0
                      : before.at(d[Forward.START] + pixel * d[Forward.START_PIXEL] + channel));
              sum.add(bias < 0 ? 0 : before.at(bias + channel));
              int image = pixel / d[Forward.IMAGE_PIXELS];
              sum.add(perImage < 0 ? 0 : before.at(perImage + image * stride + channel));
            }));
  }

  /** The gradient of the input: a convolution with flipped weights, read where they lie. */
  static Expectation inputGradient(Call call) {
    int[] d = call.descriptor();
    int cout = d[Forward.PIXEL_STEP];
    int cin = d[Forward.OUT_STRIDE];
    int kernelH = d[Forward.KERNEL_H];
    int kernelW = d[Forward.RUN] / cout;
    int taps = kernelH * kernelW;
    int w = d[Forward.OUT_W];
    int h = d[Forward.OUT_H];
    int images = d[Forward.IMAGES];
    return new Expectation(
        "%dx%dx%d %dx%d %d -> %d".formatted(images, h, w, kernelH, kernelW, cout, cin),
        Region.at(
            d[Forward.OUT],
            images * h * w * cin,
            (i, before, sum) -> {
              int pixel = i / cin;
              int channel = i % cin;
              int in =
                  d[Forward.IN]
                      + pixel / (w * h) * d[Forward.IN_IMAGE]
                      + pixel / w % h * d[Forward.ROW_STEP]
                      + pixel % w * cout;
              for (int tap = 0; tap < taps; tap++) {
                int at = in + tap / kernelW * d[Forward.IN_ROW] + tap % kernelW * cout;
                for (int o = 0; o < cout; o++) {
                  int row = o / LANES * taps + taps - 1 - tap;
                  int weight = d[Forward.WEIGHTS] + (row * cin + channel) * LANES + o % LANES;
                  sum.add(before.at(at + o) * before.at(weight));
                }
              }
              sum.add(
                  d[Forward.START_CHANNEL] == 0
                      ? 0
                      : before.at(d[Forward.START] + pixel * d[Forward.START_PIXEL] + channel));
            }));
  }

  /** The gradient of the weights, summed over chunks of images. */
  static Expectation weightGradient(Call call) {
    int[] d = call.descriptor();
    int inStride = d[WeightGradient.IN_STRIDE];
    int kernelH = d[WeightGradient.KERNEL_H];
    int kernelW = d[WeightGradient.KERNEL_W];
    int outStride = d[WeightGradient.OUT_STRIDE];
    int images = d[WeightGradient.IMAGES];
    int w = d[WeightGradient.OUT_W];
    int h = d[WeightGradient.OUT_H];
    int size = d[WeightGradient.CHUNK_FLOATS];
    int chunks = d[WeightGradient.CHUNKS];
    int perChunk = d[WeightGradient.CHUNK_IMAGES];
    int gradient = d[WeightGradient.GRADIENT];
    boolean added = d[WeightGradient.ACCUMULATE] != 0;
    return new Expectation(
        "%dx%dx%d %dx%d %d -> %d, %d chunks"
            .formatted(images, h, w, kernelH, kernelW, inStride, outStride, chunks),
        Region.at(
            gradient,
            chunks * size,
            (i, before, sum) -> {
              int first = i / size * perChunk;
              int last = Math.min(images, first + perChunk);
              int element = i % size;
              int cin = element / LANES % inStride;
              int kx = element / LANES / inStride % kernelW;
              int ky = element / LANES / inStride / kernelW % kernelH;
              int cout = element / (LANES * inStride * kernelW * kernelH) * LANES + i % LANES;
              sum.add(added ? before.at(gradient + i) : 0);
              for (int n = first; n < last; n++) {
                for (int y = 0; y < h; y++) {
                  int in =
                      d[WeightGradient.IN]
                          + n * d[WeightGradient.IN_IMAGE]
                          + y * d[WeightGradient.ROW_STEP]
                          + ky * d[WeightGradient.IN_ROW]
                          + kx * inStride
                          + cin;
                  int out = d[WeightGradient.GRAD_OUT] + (n * h + y) * w * outStride + cout;
                  for (int x = 0; x < w; x++) {
                    sum.add(
                        before.at(in + x * d[WeightGradient.PIXEL_STEP])
                            * before.at(out + x * outStride));
                  }
                }
              }
            }));
  }

  /** The weights for the input gradient: a permutation. */
  static Expectation flip(Call call) {
    int[] d = call.descriptor();
    int taps = d[Flip.TAPS];
    int cin = d[Flip.IN_STRIDE];
    int cout = d[Flip.OUT_STRIDE];
    return new Expectation(
        "%d taps %d -> %d".formatted(taps, cin, cout),
        Region.at(
            d[Flip.FLIPPED],
            taps * cin * cout,
            (i, before, sum) -> {
              int in = i / (LANES * cout * taps) * LANES + i % LANES;
              int tap = taps - 1 - i / (LANES * cout) % taps;
              int out = i / LANES % cout;
              int panel = d[Flip.WEIGHTS] + out / LANES * taps * cin * LANES;
              sum.add(before.at(panel + (tap * cin + in) * LANES + out % LANES));
            }));
  }
}
