package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;

/** Oracles of {@code Conv}. */
public final class ConvOracles {
  /** Output channels that lie side by side in the weights. */
  private static final int LANES = 16;

  private ConvOracles() {}

  /** out = conv(in) + bias + perImage + residual. */
  public static Expectation forward(Call call) {
    int[] d = call.descriptor();
    int run = d[4];
    int kernelH = d[5];
    int stride = d[9];
    int images = d[12];
    int w = d[13];
    int h = d[14];
    int bias = d[20];
    int perImage = d[21];
    return new Expectation(
        "%dx%dx%d %dx%d %d -> %d".formatted(images, h, w, kernelH, kernelH, run / kernelH, stride),
        Region.at(
            d[8],
            images * h * w * stride,
            (i, before, sum) -> {
              int pixel = i / stride;
              int channel = i % stride;
              int in = d[0] + pixel / (w * h) * d[2] + pixel / w % h * d[15] + pixel % w * d[3];
              int weights = d[6] + channel / LANES * d[7] + channel % LANES;
              for (int ky = 0; ky < kernelH; ky++) {
                for (int r = 0; r < run; r++) {
                  int weight = weights + (ky * run + r) * LANES;
                  sum.add(before.at(in + ky * d[1] + r) * before.at(weight));
                }
              }
              sum.add(d[19] == 0 ? 0 : before.at(d[17] + pixel * d[18] + channel));
              sum.add(bias < 0 ? 0 : before.at(bias + channel));
              int image = pixel / d[22];
              sum.add(perImage < 0 ? 0 : before.at(perImage + image * stride + channel));
            }));
  }

  /** The gradient of the weights, summed over chunks of images. */
  public static Expectation weightGradient(Call call) {
    int[] d = call.descriptor();
    int inStride = d[4];
    int kernelH = d[5];
    int kernelW = d[6];
    int outStride = d[9];
    int images = d[10];
    int w = d[11];
    int h = d[12];
    int size = d[14];
    int chunks = d[15];
    int perChunk = d[16];
    return new Expectation(
        "%dx%dx%d %dx%d %d -> %d, %d chunks"
            .formatted(images, h, w, kernelH, kernelW, inStride, outStride, chunks),
        Region.at(
            d[13],
            chunks * size,
            (i, before, sum) -> {
              int first = i / size * perChunk;
              int last = Math.min(images, first + perChunk);
              int element = i % size;
              int cin = element / LANES % inStride;
              int kx = element / LANES / inStride % kernelW;
              int ky = element / LANES / inStride / kernelW % kernelH;
              int cout = element / (LANES * inStride * kernelW * kernelH) * LANES + i % LANES;
              sum.add(d[17] == 0 ? 0 : before.at(d[13] + i));
              for (int n = first; n < last; n++) {
                for (int y = 0; y < h; y++) {
                  int in = d[0] + n * d[2] + y * d[7] + ky * d[1] + kx * inStride + cin;
                  int out = d[8] + (n * h + y) * w * outStride + cout;
                  for (int x = 0; x < w; x++) {
                    sum.add(before.at(in + x * d[3]) * before.at(out + x * outStride));
                  }
                }
              }
            }));
  }

  /** The weights for the input gradient: a permutation. */
  public static Expectation flip(Call call) {
    int[] d = call.descriptor();
    int taps = d[1];
    int cin = d[2];
    int cout = d[3];
    return new Expectation(
        "%d taps %d -> %d".formatted(taps, cin, cout),
        Region.at(
            d[4],
            taps * cin * cout,
            (i, before, sum) -> {
              int in = i / (LANES * cout * taps) * LANES + i % LANES;
              int tap = taps - 1 - i / (LANES * cout) % taps;
              int out = i / LANES % cout;
              int panel = d[0] + out / LANES * taps * cin * LANES;
              sum.add(before.at(panel + (tap * cin + in) * LANES + out % LANES));
            }));
  }
}
