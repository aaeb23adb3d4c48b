package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.Terms;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Common;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Gradient;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Sums;

/** Oracles of {@code LayerNorm}. */
final class LayerNormOracles {
  private LayerNormOracles() {}

  /** Adds the terms of a channel of a pixel. */
  private interface PerElement {
    void add(int pixel, int channel, Arena before, Terms sum);
  }

  /** What all descriptors begin with. */
  private record Layer(int[] d) {
    int pixels() {
      return d[Common.PIXELS];
    }

    int channels() {
      return d[Common.CHANNELS];
    }

    int at(int place, int pixel, int channel) {
      return d[place] + pixel * d[Common.STRIDE] + channel;
    }

    String shape() {
      return "%d rows of %d".formatted(pixels(), channels());
    }

    double mean(Arena before, int pixel) {
      double sum = 0;
      for (int c = 0; c < channels(); c++) {
        sum += before.at(at(Common.X, pixel, c));
      }
      return sum / channels();
    }

    double inverse(Arena before, int pixel) {
      double mean = mean(before, pixel);
      double squares = 0;
      for (int c = 0; c < channels(); c++) {
        double e = before.at(at(Common.X, pixel, c)) - mean;
        squares += e * e;
      }
      return 1 / Math.sqrt(squares / channels() + before.at(d[Forward.EPS]));
    }

    /** The normalised x from what forward saved. */
    double norm(Arena before, int pixel, int channel) {
      int statistics = d[Common.STATISTICS] + 2 * pixel;
      double e = before.at(at(Common.X, pixel, channel)) - before.at(statistics);
      return e * before.at(statistics + 1);
    }

    /** A block; its padding must be zero. */
    Region block(int place, int rows, PerElement element) {
      int stride = d[Common.STRIDE];
      return Region.at(
          d[place],
          rows * stride,
          (i, before, sum) -> {
            if (i % stride < channels()) {
              element.add(i / stride, i % stride, before, sum);
            }
          });
    }
  }

  static Expectation forward(Call call) {
    Layer layer = new Layer(call.descriptor());
    int[] d = layer.d;
    return new Expectation(
        layer.shape(),
        layer.block(
            Forward.OUT,
            layer.pixels(),
            (pixel, c, before, sum) -> {
              double e = before.at(layer.at(Common.X, pixel, c)) - layer.mean(before, pixel);
              sum.add(e * layer.inverse(before, pixel) * before.at(d[Forward.GAMMA] + c));
              sum.add(before.at(d[Forward.BETA] + c));
            }),
        new Region(
            layer.pixels(),
            i -> d[Common.STATISTICS] + 2 * i,
            (i, before, sum) -> sum.add(layer.mean(before, i))),
        new Region(
            layer.pixels(),
            i -> d[Common.STATISTICS] + 2 * i + 1,
            (i, before, sum) -> sum.add(layer.inverse(before, i))));
  }

  static Expectation gradient(Call call) {
    Layer layer = new Layer(call.descriptor());
    int[] d = layer.d;
    boolean added = d[Gradient.ACCUMULATE] != 0;
    return new Expectation(
        layer.shape() + (added ? ", added" : ""),
        layer.block(
            Gradient.GRAD_X,
            layer.pixels(),
            (pixel, c, before, sum) -> {
              double mean = 0;
              double slope = 0;
              for (int k = 0; k < layer.channels(); k++) {
                double g = gradient(layer, before, pixel, k) / layer.channels();
                mean += g;
                slope += g * layer.norm(before, pixel, k);
              }
              double inverse = before.at(d[Common.STATISTICS] + 2 * pixel + 1);
              sum.add(gradient(layer, before, pixel, c) * inverse);
              sum.add(-mean * inverse);
              sum.add(-slope * layer.norm(before, pixel, c) * inverse);
              sum.add(added ? before.at(layer.at(Gradient.GRAD_X, pixel, c)) : 0);
            }));
  }

  private static double gradient(Layer layer, Arena before, int pixel, int channel) {
    return before.at(layer.at(Gradient.GRAD_OUT, pixel, channel))
        * before.at(layer.d[Gradient.GAMMA] + channel);
  }

  static Expectation sums(Call call) {
    Layer layer = new Layer(call.descriptor());
    int chunk = layer.d[Sums.CHUNK];
    int chunks = (layer.pixels() + chunk - 1) / chunk;
    return new Expectation(
        layer.shape(),
        layer.block(
            Sums.GAMMAS,
            chunks,
            (k, c, before, sum) -> {
              for (int i = k * chunk; i < Math.min(layer.pixels(), (k + 1) * chunk); i++) {
                sum.add(before.at(layer.at(Sums.GRAD_OUT, i, c)) * layer.norm(before, i, c));
              }
            }),
        layer.block(
            Sums.BETAS,
            chunks,
            (k, c, before, sum) -> {
              for (int i = k * chunk; i < Math.min(layer.pixels(), (k + 1) * chunk); i++) {
                sum.add(before.at(layer.at(Sums.GRAD_OUT, i, c)));
              }
            }));
  }
}
