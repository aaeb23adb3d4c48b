package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernels behind {@link GroupNorm}. Lanes are channels. Everything is bound by memory, so what
 * counts is how often the tensor is read: {@code moments} and {@code sums} cut an image into chunks
 * whose second reading comes from the cache, and the small kernels between the passes turn
 * per-channel sums into per-channel coefficients.
 *
 * <p>All kernels share the head of the descriptor: 0 images, 1 height, 2 width, 3 channel stride, 4
 * first pixel of x, 5 floats from image to image of x, 6 from row to row, 7 rows of a chunk, 8
 * chunks of an image, 9 channels, 10 groups, 11 per-channel statistics (mean, 1 / standard
 * deviation, scale and bias, each [images][stride]), 12 partial sums ([images][chunks][2][stride]).
 * What follows is the kernel's own.
 */
public final class GroupNormKernels {
  private GroupNormKernels() {}

  /**
   * Mean and sum of squared deviations of each channel, a chunk of an image and 16 channels at a
   * time.
   */
  static void moments(FloatArray m, IntArray d) {
    int bound = d.get(0) * d.get(8) * (d.get(3) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int stride = d.get(3);
      int blocks = stride / 16;
      int part = t / blocks;
      int channel = t % blocks * 16;
      int firstRow = part % d.get(8) * d.get(7);
      int rows = Math.min(d.get(7), d.get(1) - firstRow);
      int width = d.get(2);
      int from = d.get(4) + part / d.get(8) * d.get(5) + firstRow * d.get(6) + channel;
      int rowStep = d.get(6) / lanes;
      int step = stride / lanes;
      int to = d.get(12) + part * 2 * stride + channel;
      for (int lane = 0; lane < 16; lane += lanes) {
        int start = (from + lane) / lanes;
        Float16 s0 = Lanes.zero();
        Float16 s1 = Lanes.zero();
        Float16 s2 = Lanes.zero();
        Float16 s3 = Lanes.zero();
        for (int y = 0; y < rows; y++) {
          int at = start + y * rowStep;
          int x = 0;
          for (; x < width - 3; x += 4) {
            s0 = Lanes.add(s0, v.get(at));
            s1 = Lanes.add(s1, v.get(at + step));
            s2 = Lanes.add(s2, v.get(at + 2 * step));
            s3 = Lanes.add(s3, v.get(at + 3 * step));
            at += 4 * step;
          }
          for (; x < width; x++) {
            s0 = Lanes.add(s0, v.get(at));
            at += step;
          }
        }
        Float16 sum = Lanes.add(Lanes.add(s0, s1), Lanes.add(s2, s3));
        Float16 mean = Lanes.div(sum, Lanes.splat((float) (rows * width)));
        Float16 q0 = Lanes.zero();
        Float16 q1 = Lanes.zero();
        Float16 q2 = Lanes.zero();
        Float16 q3 = Lanes.zero();
        for (int y = 0; y < rows; y++) {
          int at = start + y * rowStep;
          int x = 0;
          for (; x < width - 3; x += 4) {
            Float16 e0 = Lanes.sub(v.get(at), mean);
            Float16 e1 = Lanes.sub(v.get(at + step), mean);
            Float16 e2 = Lanes.sub(v.get(at + 2 * step), mean);
            Float16 e3 = Lanes.sub(v.get(at + 3 * step), mean);
            q0 = Lanes.mulAdd(e0, e0, q0);
            q1 = Lanes.mulAdd(e1, e1, q1);
            q2 = Lanes.mulAdd(e2, e2, q2);
            q3 = Lanes.mulAdd(e3, e3, q3);
            at += 4 * step;
          }
          for (; x < width; x++) {
            Float16 e0 = Lanes.sub(v.get(at), mean);
            q0 = Lanes.mulAdd(e0, e0, q0);
            at += step;
          }
        }
        v.set((to + lane) / lanes, mean);
        v.set((to + stride + lane) / lanes, Lanes.add(Lanes.add(q0, q1), Lanes.add(q2, q3)));
      }
    }
  }

  /**
   * From the moments of channels to the statistics of groups (Chan, Golub and LeVeque 1983,
   * equation 2.1), and from these to out = (x - mean) * scale + bias for each channel of an image.
   * Own descriptor: 13 eps, 14 gamma, 15 beta, 16 scale and shift or -1, 17 their stride.
   */
  static void coefficients(FloatArray m, IntArray d) {
    int bound = d.get(0) * d.get(10);
    for (@Parallel int t = 0; t < bound; t++) {
      int groups = d.get(10);
      int image = t / groups;
      int stride = d.get(3);
      int channels = d.get(9);
      int size = channels / groups;
      int first = t % groups * size;
      int chunks = d.get(8);
      int height = d.get(1);
      int width = d.get(2);
      int partial = d.get(12) + image * chunks * 2 * stride + first;
      float elements = (float) (size * height * width);
      float total = 0f;
      for (int k = 0; k < chunks; k++) {
        float sum = 0f;
        for (int c = 0; c < size; c++) {
          sum += m.get(partial + k * 2 * stride + c);
        }
        total += sum * (float) (Math.min(d.get(7), height - k * d.get(7)) * width);
      }
      float mean = total / elements;
      float squares = 0f;
      for (int k = 0; k < chunks; k++) {
        float count = (float) (Math.min(d.get(7), height - k * d.get(7)) * width);
        float sum = 0f;
        for (int c = 0; c < size; c++) {
          float e = m.get(partial + k * 2 * stride + c) - mean;
          sum += m.get(partial + (k * 2 + 1) * stride + c) + count * e * e;
        }
        squares += sum;
      }
      float inverse = 1f / TornadoMath.sqrt(squares / elements + m.get(d.get(13)));
      int plane = d.get(0) * stride;
      int to = d.get(11) + image * stride;
      int scaleShift = d.get(16);
      int affine = scaleShift + image * d.get(17);
      for (int c = first; c < first + size; c++) {
        float scale = m.get(d.get(14) + c);
        float bias = m.get(d.get(15) + c);
        if (scaleShift >= 0) {
          float factor = 1f + m.get(affine + c);
          scale = scale * factor;
          bias = bias * factor + m.get(affine + channels + c);
        }
        m.set(to + c, mean);
        m.set(to + plane + c, inverse);
        m.set(to + 2 * plane + c, inverse * scale);
        m.set(to + 3 * plane + c, bias);
      }
      if (first + size == channels) {
        for (int c = channels; c < stride; c++) {
          m.set(to + c, 0f);
          m.set(to + plane + c, 0f);
          m.set(to + 2 * plane + c, 0f);
          m.set(to + 3 * plane + c, 0f);
        }
      }
    }
  }

  /**
   * out = act((x - mean) * scale + bias), a row of the output at a time. Own descriptor: 13 silu,
   * 14 out, 15 its rows, 16 columns, 17 top, 18 left.
   */
  static void apply(FloatArray m, IntArray d) {
    int bound = d.get(0) * d.get(15);
    for (@Parallel int t = 0; t < bound; t++) {
      int stride = d.get(3);
      int image = t / d.get(15);
      int row = t % d.get(15) - d.get(17);
      int left = d.get(18);
      int columns = d.get(16);
      int width = d.get(2);
      if (row < 0) {
        width = 0;
      }
      if (row >= d.get(1)) {
        width = 0;
      }
      int to = d.get(14) + t * columns * stride;
      int from = d.get(4) + image * d.get(5) + row * d.get(6);
      int statistics = d.get(11) + image * stride;
      int plane = d.get(0) * stride;
      zero(m, to, left * stride);
      if (d.get(13) == 1) {
        normaliseSilu(m, from, to + left * stride, width, stride, statistics, plane);
      } else {
        normalise(m, from, to + left * stride, width, stride, statistics, plane);
      }
      zero(m, to + (left + width) * stride, (columns - left - width) * stride);
    }
  }

  private static void normalise(
      FloatArray m, int from, int to, int width, int stride, int statistics, int plane) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = plane / lanes;
    int vectors = stride / lanes;
    int at = from / lanes;
    int out = to / lanes;
    int s = statistics / lanes;
    for (int x = 0; x < width; x++) {
      for (int c = 0; c < vectors; c++) {
        Float16 e = Lanes.sub(v.get(at + c), v.get(s + c));
        v.set(out + c, Lanes.mulAdd(e, v.get(s + 2 * step + c), v.get(s + 3 * step + c)));
      }
      at += vectors;
      out += vectors;
    }
  }

  private static void normaliseSilu(
      FloatArray m, int from, int to, int width, int stride, int statistics, int plane) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = plane / lanes;
    int vectors = stride / lanes;
    int at = from / lanes;
    int out = to / lanes;
    int s = statistics / lanes;
    Float16 one = Lanes.splat(1f);
    for (int x = 0; x < width; x++) {
      for (int c = 0; c < vectors; c++) {
        Float16 e = Lanes.sub(v.get(at + c), v.get(s + c));
        Float16 z = Lanes.mulAdd(e, v.get(s + 2 * step + c), v.get(s + 3 * step + c));
        v.set(out + c, Lanes.div(z, Lanes.add(one, Lanes.exp(Lanes.sub(Lanes.zero(), z)))));
      }
      at += vectors;
      out += vectors;
    }
  }

  private static void zero(FloatArray m, int from, int length) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int at = from / lanes;
    int vectors = length / lanes;
    for (int i = 0; i < vectors; i++) {
      v.set(at + i, Lanes.zero());
    }
  }

  /**
   * The gradient before the activation, in place of the gradient after it, and per channel its sum
   * and its product with the normalised x. Own descriptor: 13 silu, 14 gradOut.
   */
  static void sums(FloatArray m, IntArray d) {
    int bound = d.get(0) * d.get(8) * (d.get(3) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      int lanes = Lanes.width();
      int stride = d.get(3);
      int blocks = stride / 16;
      int part = t / blocks;
      int image = part / d.get(8);
      int channel = t % blocks * 16;
      int firstRow = part % d.get(8) * d.get(7);
      int rows = Math.min(d.get(7), d.get(1) - firstRow);
      int width = d.get(2);
      int plane = d.get(0) * stride;
      int x = d.get(4) + image * d.get(5) + firstRow * d.get(6) + channel;
      int gradient = d.get(14) + (image * d.get(1) + firstRow) * width * stride + channel;
      int statistics = d.get(11) + image * stride + channel;
      int to = d.get(12) + part * 2 * stride + channel;
      for (int lane = 0; lane < 16; lane += lanes) {
        if (d.get(13) == 1) {
          sumsSilu(
              m,
              x + lane,
              d.get(6),
              gradient + lane,
              rows,
              width,
              stride,
              statistics + lane,
              plane,
              to + lane);
        } else {
          sumsPlain(
              m,
              x + lane,
              d.get(6),
              gradient + lane,
              rows,
              width,
              stride,
              statistics + lane,
              plane,
              to + lane);
        }
      }
    }
  }

  private static void sumsSilu(
      FloatArray m,
      int from,
      int rowFloats,
      int gradient,
      int rows,
      int width,
      int stride,
      int statistics,
      int plane,
      int to) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = stride / lanes;
    int g = gradient / lanes;
    Float16 one = Lanes.splat(1f);
    Float16 mean = v.get(statistics / lanes);
    Float16 scale = v.get((statistics + 2 * plane) / lanes);
    Float16 bias = v.get((statistics + 3 * plane) / lanes);
    Float16 sum = Lanes.zero();
    Float16 product = Lanes.zero();
    for (int y = 0; y < rows; y++) {
      int at = (from + y * rowFloats) / lanes;
      for (int x = 0; x < width; x++) {
        Float16 e = Lanes.sub(v.get(at), mean);
        Float16 z = Lanes.mulAdd(e, scale, bias);
        Float16 sigmoid = Lanes.div(one, Lanes.add(one, Lanes.exp(Lanes.sub(Lanes.zero(), z))));
        // d/dz z sigmoid(z) = sigmoid(z) + z sigmoid(z) (1 - sigmoid(z))
        Float16 slope = Lanes.mulAdd(Lanes.mul(z, sigmoid), Lanes.sub(one, sigmoid), sigmoid);
        Float16 dz = Lanes.mul(v.get(g), slope);
        v.set(g, dz);
        sum = Lanes.add(sum, dz);
        product = Lanes.mulAdd(dz, e, product);
        at += step;
        g += step;
      }
    }
    v.set(to / lanes, sum);
    v.set((to + stride) / lanes, Lanes.mul(product, v.get((statistics + plane) / lanes)));
  }

  private static void sumsPlain(
      FloatArray m,
      int from,
      int rowFloats,
      int gradient,
      int rows,
      int width,
      int stride,
      int statistics,
      int plane,
      int to) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = stride / lanes;
    int g = gradient / lanes;
    Float16 mean = v.get(statistics / lanes);
    Float16 sum = Lanes.zero();
    Float16 product = Lanes.zero();
    for (int y = 0; y < rows; y++) {
      int at = (from + y * rowFloats) / lanes;
      for (int x = 0; x < width; x++) {
        Float16 dz = v.get(g);
        sum = Lanes.add(sum, dz);
        product = Lanes.mulAdd(dz, Lanes.sub(v.get(at), mean), product);
        at += step;
        g += step;
      }
    }
    v.set(to / lanes, sum);
    v.set((to + stride) / lanes, Lanes.mul(product, v.get((statistics + plane) / lanes)));
  }

  /**
   * From the sums of channels to what is left to do, gradX = scale * dz + slope * (x - mean) +
   * term, and to the gradients of the parameters. The first images * groups iterations each do a
   * group, the others 16 parameters each. Own descriptor: 13 gradGamma, 14 gradBeta, 15 whether to
   * add to them, 16 scale and shift or -1, 17 their stride, 18 their gradient or -1, 19 gamma, 20
   * beta, 21 slope and term ([2][images][stride]).
   */
  static void reduce(FloatArray m, IntArray d) {
    int groups = d.get(0) * d.get(10);
    int bound = groups + d.get(3) / 16;
    for (@Parallel int t = 0; t < bound; t++) {
      if (t < groups) {
        reduceGroup(m, d, t);
      } else {
        reduceParameters(m, d, (t - groups) * 16);
      }
    }
  }

  static void reduceGroup(FloatArray m, IntArray d, int t) {
    int stride = d.get(3);
    int plane = d.get(0) * stride;
    int channels = d.get(9);
    int groups = d.get(10);
    int size = channels / groups;
    int image = t / groups;
    int first = t % groups * size;
    int end = first + size;
    int statistics = d.get(11) + image * stride;
    int gradient = d.get(18);
    int gradientRow = gradient + image * d.get(17);
    float inverse = m.get(statistics + plane + first);
    float total = 0f;
    float totalProduct = 0f;
    for (int c = first; c < end; c++) {
      float sum = 0f;
      float product = 0f;
      for (int k = 0; k < d.get(8); k++) {
        int partial = d.get(12) + (image * d.get(8) + k) * 2 * stride + c;
        sum += m.get(partial);
        product += m.get(partial + stride);
      }
      float scale = m.get(statistics + 2 * plane + c);
      total += scale * sum;
      totalProduct += scale * product;
      if (gradient >= 0) {
        m.set(gradientRow + c, m.get(d.get(19) + c) * product + m.get(d.get(20) + c) * sum);
        m.set(gradientRow + channels + c, sum);
      }
    }
    // scale holds a factor inverse already, so these are inverse * the means over the group.
    float elements = (float) (size * d.get(1) * d.get(2));
    float slope = -inverse * (totalProduct / elements);
    float term = -total / elements;
    int to = d.get(21) + image * stride;
    for (int c = first; c < end; c++) {
      m.set(to + c, slope);
      m.set(to + plane + c, term);
    }
    if (end == channels) {
      for (int c = channels; c < stride; c++) {
        m.set(to + c, 0f);
        m.set(to + plane + c, 0f);
      }
      if (gradient >= 0) {
        for (int c = 2 * channels; c < d.get(17); c++) {
          m.set(gradientRow + c, 0f);
        }
      }
    }
  }

  private static void reduceParameters(FloatArray m, IntArray d, int channel) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int stride = d.get(3);
    int chunks = d.get(8);
    for (int c = channel; c < channel + 16; c += lanes) {
      Float16 gamma = Lanes.zero();
      Float16 beta = Lanes.zero();
      for (int image = 0; image < d.get(0); image++) {
        Float16 sum = Lanes.zero();
        Float16 product = Lanes.zero();
        for (int k = 0; k < chunks; k++) {
          int partial = d.get(12) + (image * chunks + k) * 2 * stride + c;
          sum = Lanes.add(sum, v.get(partial / lanes));
          product = Lanes.add(product, v.get((partial + stride) / lanes));
        }
        Float16 factor = Lanes.splat(1f);
        if (d.get(16) >= 0) {
          // In padding lanes this reads the shift, and multiplies zeros by it.
          factor = Lanes.add(factor, v.get((d.get(16) + image * d.get(17) + c) / lanes));
        }
        gamma = Lanes.mulAdd(factor, product, gamma);
        beta = Lanes.mulAdd(factor, sum, beta);
      }
      int toGamma = (d.get(13) + c) / lanes;
      int toBeta = (d.get(14) + c) / lanes;
      if (d.get(15) == 1) {
        gamma = Lanes.add(gamma, v.get(toGamma));
        beta = Lanes.add(beta, v.get(toBeta));
      }
      v.set(toGamma, gamma);
      v.set(toBeta, beta);
    }
  }

  /**
   * gradX = scale * dz + slope * (x - mean) + term, a row at a time. Own descriptor: 13 dz, 14
   * gradX, 15 whether to add to it, 16 slope and term.
   */
  static void gradient(FloatArray m, IntArray d) {
    int bound = d.get(0) * d.get(1);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int height = d.get(1);
      int width = d.get(2);
      int stride = d.get(3);
      int image = t / height;
      int plane = d.get(0) * stride / lanes;
      int vectors = stride / lanes;
      int at = (d.get(4) + image * d.get(5) + t % height * d.get(6)) / lanes;
      int dz = (d.get(13) + t * width * stride) / lanes;
      int to = (d.get(14) + t * width * stride) / lanes;
      int s = (d.get(11) + image * stride) / lanes;
      int k = (d.get(16) + image * stride) / lanes;
      int accumulate = d.get(15);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < vectors; c++) {
          Float16 e = Lanes.sub(v.get(at + c), v.get(s + c));
          Float16 r = Lanes.mulAdd(v.get(s + 2 * plane + c), v.get(dz + c), v.get(k + plane + c));
          r = Lanes.mulAdd(v.get(k + c), e, r);
          if (accumulate == 1) {
            r = Lanes.add(r, v.get(to + c));
          }
          v.set(to + c, r);
        }
        at += vectors;
        dz += vectors;
        to += vectors;
      }
    }
  }
}
