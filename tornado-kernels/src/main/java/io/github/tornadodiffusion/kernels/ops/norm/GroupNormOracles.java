package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle.Element;
import io.github.tornadodiffusion.kernels.CallOracle.Expectation;
import io.github.tornadodiffusion.kernels.CallOracle.Region;
import io.github.tornadodiffusion.kernels.Terms;
import io.github.tornadodiffusion.kernels.ops.activation.ActivationOracles;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Apply;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Coefficients;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Common;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Gradient;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Reduce;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Sums;
import java.util.ArrayList;
import java.util.List;

/** Oracles of {@code GroupNorm}. */
final class GroupNormOracles {
  private GroupNormOracles() {}

  /** The head of the descriptor that all kernels share. */
  private record Head(
      int images,
      int h,
      int w,
      int stride,
      int x,
      int imageStride,
      int rowStride,
      int chunkRows,
      int chunks,
      int channels,
      int groups,
      int statistics,
      int partial) {
    static Head of(int[] d) {
      return new Head(
          d[Common.IMAGES],
          d[Common.H],
          d[Common.W],
          d[Common.STRIDE],
          d[Common.X],
          d[Common.X_IMAGE],
          d[Common.X_ROW],
          d[Common.CHUNK_ROWS],
          d[Common.CHUNKS],
          d[Common.CHANNELS],
          d[Common.GROUPS],
          d[Common.STATISTICS],
          d[Common.PARTIAL]);
    }

    String shape() {
      return "%dx%dx%dx%d, %d groups".formatted(images, h, w, channels, groups);
    }

    /** Floats of a value for each channel of each image. */
    int plane() {
      return images * stride;
    }

    int groupSize() {
      return channels / groups;
    }

    /** Elements of a group. */
    double elements() {
      return (double) groupSize() * h * w;
    }

    int firstOfGroup(int channel) {
      return channel / groupSize() * groupSize();
    }

    int firstRow(int chunk) {
      return chunk * chunkRows;
    }

    int endRow(int chunk) {
      return Math.min(h, (chunk + 1) * chunkRows);
    }

    int chunkPixels(int chunk) {
      return (endRow(chunk) - firstRow(chunk)) * w;
    }

    int x(int image, int y, int column, int channel) {
      return x + image * imageStride + y * rowStride + column * stride + channel;
    }

    /** Where a channel's statistic lies: 0 mean, 1 / deviation, 2 scale, 3 bias. */
    int statistic(int which, int image, int channel) {
      return statistics + which * plane() + image * stride + channel;
    }

    /** Where a chunk's first or second sum lies. */
    int partial(int which, int image, int chunk, int channel) {
      return partial + ((image * chunks + chunk) * 2 + which) * stride + channel;
    }

    /** Both sums of every chunk; an element of the region belongs to (part, which, channel). */
    Region partials(Element element) {
      return Region.at(partial, images * chunks * 2 * stride, element);
    }

    /** The value before the activation. */
    double affine(Arena before, int image, int y, int column, int channel) {
      return centred(before, image, y, column, channel) * before.at(statistic(2, image, channel))
          + before.at(statistic(3, image, channel));
    }

    double centred(Arena before, int image, int y, int column, int channel) {
      return before.at(x(image, y, column, channel)) - before.at(statistic(0, image, channel));
    }
  }

  static Expectation moments(Call call) {
    Head g = Head.of(call.descriptor());
    return new Expectation(
        g.shape(),
        g.partials((i, before, sum) -> {
          int channel = i % g.stride;
          int image = i / g.stride / 2 / g.chunks;
          int chunk = i / g.stride / 2 % g.chunks;
          double total = 0;
          for (int p = 0; p < g.chunkPixels(chunk); p++) {
            total += before.at(g.x(image, g.firstRow(chunk) + p / g.w, p % g.w, channel));
          }
          double mean = total / g.chunkPixels(chunk);
          if (i / g.stride % 2 == 0) {
            sum.add(mean);
            return;
          }
          for (int p = 0; p < g.chunkPixels(chunk); p++) {
            int at = g.x(image, g.firstRow(chunk) + p / g.w, p % g.w, channel);
            sum.add(Math.pow(before.at(at) - mean, 2));
          }
        }));
  }

  static Expectation coefficients(Call call) {
    int[] d = call.descriptor();
    Head g = Head.of(d);
    int eps = d[Coefficients.EPS];
    int gamma = d[Coefficients.GAMMA];
    int beta = d[Coefficients.BETA];
    int scaleShift = d[Coefficients.SCALE_SHIFT];
    int scaleStride = d[Coefficients.SCALE_STRIDE];
    return new Expectation(
        g.shape(),
        statistic(g, 0, (image, c, before, sum) -> sum.add(mean(g, before, image, c))),
        statistic(g, 1, (image, c, before, sum) -> sum.add(inverse(g, eps, before, image, c))),
        statistic(
            g,
            2,
            (image, c, before, sum) -> {
              double factor =
                  scaleShift < 0 ? 1 : 1 + before.at(scaleShift + image * scaleStride + c);
              sum.add(inverse(g, eps, before, image, c) * before.at(gamma + c) * factor);
            }),
        statistic(
            g,
            3,
            (image, c, before, sum) -> {
              int affine = scaleShift + image * scaleStride + c;
              double bias = before.at(beta + c);
              sum.add(scaleShift < 0 ? bias : bias * (1 + before.at(affine)));
              sum.add(scaleShift < 0 ? 0 : before.at(affine + g.channels));
            }));
  }

  /** Adds the terms of a channel's value. */
  private interface PerChannel {
    void add(int image, int channel, Arena before, Terms sum);
  }

  private static Region statistic(Head g, int which, PerChannel value) {
    return perChannel(g, g.statistic(which, 0, 0), value);
  }

  /** A value for each channel of each image, zero in the padding. */
  private static Region perChannel(Head g, int offset, PerChannel value) {
    return Region.at(
        offset,
        g.plane(),
        (i, before, sum) -> {
          if (i % g.stride < g.channels) {
            value.add(i / g.stride, i % g.stride, before, sum);
          }
        });
  }

  private static double mean(Head g, Arena before, int image, int channel) {
    int first = g.firstOfGroup(channel);
    double total = 0;
    for (int chunk = 0; chunk < g.chunks; chunk++) {
      for (int c = first; c < first + g.groupSize(); c++) {
        total += before.at(g.partial(0, image, chunk, c)) * g.chunkPixels(chunk);
      }
    }
    return total / g.elements();
  }

  /** 1 / standard deviation. */
  private static double inverse(Head g, int eps, Arena before, int image, int channel) {
    int first = g.firstOfGroup(channel);
    double mean = mean(g, before, image, channel);
    double squares = 0;
    for (int chunk = 0; chunk < g.chunks; chunk++) {
      for (int c = first; c < first + g.groupSize(); c++) {
        double distance = before.at(g.partial(0, image, chunk, c)) - mean;
        squares += before.at(g.partial(1, image, chunk, c));
        squares += g.chunkPixels(chunk) * distance * distance;
      }
    }
    return 1 / Math.sqrt(squares / g.elements() + before.at(eps));
  }

  static Expectation apply(Call call) {
    int[] d = call.descriptor();
    Head g = Head.of(d);
    boolean silu = d[Apply.SILU] == 1;
    int rows = d[Apply.OUT_ROWS];
    int columns = d[Apply.OUT_COLUMNS];
    return new Expectation(
        g.shape() + (silu ? ", SiLU" : ""),
        Region.at(
            d[Apply.OUT],
            g.images * rows * columns * g.stride,
            (i, before, sum) -> {
              int pixel = i / g.stride;
              int y = pixel / columns % rows - d[Apply.TOP];
              int x = pixel % columns - d[Apply.LEFT];
              if (y < 0 || y >= g.h || x < 0 || x >= g.w) {
                return;
              }
              double z = g.affine(before, pixel / columns / rows, y, x, i % g.stride);
              sum.add(silu ? ActivationOracles.silu(z) : z);
            }));
  }

  /** {@link #coefficients} and {@link #apply}. */
  static Expectation normalise(Call call) {
    List<Region> coefficients = coefficients(call).regions();
    List<Region> both = new ArrayList<>(coefficients);
    apply(call).regions().forEach(region -> both.add(after(coefficients, region)));
    return new Expectation(apply(call).shape(), both);
  }

  /** What a region must be once consecutive others have been written. */
  private static Region after(List<Region> earlier, Region region) {
    return new Region(
        region.count(),
        region.index(),
        (i, before, sum) ->
            region
                .element()
                .add(
                    i,
                    at -> {
                      for (Region other : earlier) {
                        int j = at - other.index().applyAsInt(0);
                        if (j >= 0 && j < other.count()) {
                          return other.expected(j, before).value();
                        }
                      }
                      return before.at(at);
                    },
                    sum));
  }

  static Expectation sums(Call call) {
    int[] d = call.descriptor();
    Head g = Head.of(d);
    boolean silu = d[Sums.SILU] == 1;
    Element gradient =
        (i, before, sum) -> {
          int pixel = i / g.stride;
          int image = pixel / g.w / g.h;
          double z = g.affine(before, image, pixel / g.w % g.h, pixel % g.w, i % g.stride);
          sum.add(before.at(d[Sums.GRAD_OUT] + i) * (silu ? ActivationOracles.siluSlope(z) : 1));
        };
    Region gradients = Region.at(d[Sums.GRAD_OUT], g.images * g.h * g.w * g.stride, gradient);
    return new Expectation(
        g.shape() + (silu ? ", SiLU" : ""),
        gradients,
        g.partials((i, before, sum) -> {
          int channel = i % g.stride;
          int image = i / g.stride / 2 / g.chunks;
          int chunk = i / g.stride / 2 % g.chunks;
          boolean product = i / g.stride % 2 == 1;
          double inverse = before.at(g.statistic(1, image, channel));
          for (int y = g.firstRow(chunk); y < g.endRow(chunk); y++) {
            for (int x = 0; x < g.w; x++) {
              int at = ((image * g.h + y) * g.w + x) * g.stride + channel;
              double dz = gradients.expected(at, before).value();
              sum.add(product ? dz * inverse * g.centred(before, image, y, x, channel) : dz);
            }
          }
        }));
  }

  static Expectation reduce(Call call) {
    int[] d = call.descriptor();
    Head g = Head.of(d);
    Region slope =
        perChannel(
            g,
            d[Reduce.COEFFICIENTS],
            (image, c, before, sum) -> {
              double inverse = before.at(g.statistic(1, image, c));
              groupSum(g, 1, image, c, -inverse, before, sum);
            });
    Region term =
        perChannel(
            g,
            d[Reduce.COEFFICIENTS] + g.plane(),
            (image, c, before, sum) -> groupSum(g, 0, image, c, -1, before, sum));
    Region gamma = parameter(g, d, d[Reduce.GRAD_GAMMA], 1);
    Region beta = parameter(g, d, d[Reduce.GRAD_BETA], 0);
    if (d[Reduce.GRAD_SCALE_SHIFT] < 0) {
      return new Expectation(g.shape(), slope, term, gamma, beta);
    }
    return new Expectation(g.shape(), slope, term, gamma, beta, scaleShift(g, d));
  }

  /** The mean over a group of the channels' sums times their scale. */
  private static void groupSum(
      Head g, int which, int image, int channel, double factor, Arena before, Terms sum) {
    int first = g.firstOfGroup(channel);
    for (int c = first; c < first + g.groupSize(); c++) {
      double scale = factor * before.at(g.statistic(2, image, c)) / g.elements();
      for (int chunk = 0; chunk < g.chunks; chunk++) {
        sum.add(scale * before.at(g.partial(which, image, chunk, c)));
      }
    }
  }

  private static Region parameter(Head g, int[] d, int offset, int which) {
    int scaleShift = d[Reduce.SCALE_SHIFT];
    return Region.at(
        offset,
        g.stride,
        (c, before, sum) -> {
          sum.add(d[Reduce.ACCUMULATE_PARAMETERS] == 0 ? 0 : before.at(offset + c));
          for (int image = 0; image < g.images && c < g.channels; image++) {
            double factor =
                scaleShift < 0 ? 1 : 1 + before.at(scaleShift + image * d[Reduce.SCALE_STRIDE] + c);
            for (int chunk = 0; chunk < g.chunks; chunk++) {
              sum.add(factor * before.at(g.partial(which, image, chunk, c)));
            }
          }
        });
  }

  private static Region scaleShift(Head g, int[] d) {
    int stride = d[Reduce.SCALE_STRIDE];
    return Region.at(
        d[Reduce.GRAD_SCALE_SHIFT],
        g.images * stride,
        (i, before, sum) -> {
          int image = i / stride;
          int c = i % stride % g.channels;
          boolean scale = i % stride < g.channels;
          for (int chunk = 0; chunk < g.chunks && i % stride < 2 * g.channels; chunk++) {
            double first = before.at(g.partial(0, image, chunk, c));
            sum.add(scale ? before.at(d[Reduce.BETA] + c) * first : first);
            double second = before.at(g.partial(1, image, chunk, c));
            sum.add(scale ? before.at(d[Reduce.GAMMA] + c) * second : 0);
          }
        });
  }

  /** {@link #reduce} but for its coefficients, which nobody else reads, and {@link #gradient}. */
  static Expectation gradients(Call call) {
    List<Region> reduced = reduce(call).regions();
    List<Region> coefficients = reduced.subList(0, 2);
    List<Region> all = new ArrayList<>(reduced.subList(2, reduced.size()));
    gradient(call).regions().forEach(region -> all.add(after(coefficients, region)));
    return new Expectation(gradient(call).shape(), all);
  }

  static Expectation gradient(Call call) {
    int[] d = call.descriptor();
    Head g = Head.of(d);
    return new Expectation(
        g.shape() + (d[Gradient.ACCUMULATE] == 0 ? "" : ", added"),
        Region.at(
            d[Gradient.GRAD_X],
            g.images * g.h * g.w * g.stride,
            (i, before, sum) -> {
              int c = i % g.stride;
              int pixel = i / g.stride;
              int image = pixel / g.w / g.h;
              int slope = d[Reduce.COEFFICIENTS] + image * g.stride + c;
              double e = g.centred(before, image, pixel / g.w % g.h, pixel % g.w, c);
              sum.add(before.at(g.statistic(2, image, c)) * before.at(d[Gradient.DZ] + i));
              sum.add(before.at(slope) * e);
              sum.add(before.at(slope + g.plane()));
              sum.add(d[Gradient.ACCUMULATE] == 0 ? 0 : before.at(d[Gradient.GRAD_X] + i));
            }));
  }
}
