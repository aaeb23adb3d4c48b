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
 * <p>Blocks are [IMAGES][H][W][STRIDE], of which x and out may have a border.
 */
public final class GroupNormKernels {
  /** The places that all descriptors begin with; {@link #moments} has no others. */
  static final class Common {
    static final int IMAGES = 0;
    static final int H = 1;
    static final int W = 2;

    /** Channel stride of x. */
    static final int STRIDE = 3;

    /** First pixel of x. */
    static final int X = 4;

    /** Floats from image to image of x. */
    static final int X_IMAGE = 5;

    /** Floats from row to row of x. */
    static final int X_ROW = 6;

    /** Rows of a chunk. */
    static final int CHUNK_ROWS = 7;

    /** Chunks of an image. */
    static final int CHUNKS = 8;

    static final int CHANNELS = 9;
    static final int GROUPS = 10;

    /** Mean, 1 / standard deviation, scale and bias of each channel, each [images][stride]. */
    static final int STATISTICS = 11;

    /** Two sums of each channel of each chunk, [images][chunks][2][stride]. */
    static final int PARTIAL = 12;

    static final int SIZE = 13;

    private Common() {}
  }

  /** Own places of {@link #coefficients}. */
  static final class Coefficients {
    /** Offset of what is added to the variance. */
    static final int EPS = Common.SIZE;

    static final int GAMMA = Common.SIZE + 1;
    static final int BETA = Common.SIZE + 2;

    /** Scale and shift of each image, or -1. */
    static final int SCALE_SHIFT = Common.SIZE + 3;

    /** Floats from image to image of them. */
    static final int SCALE_STRIDE = Common.SIZE + 4;

    static final int SIZE = Common.SIZE + 5;

    private Coefficients() {}
  }

  /** Own places of {@link #apply}, which follow those of {@link #coefficients}. */
  static final class Apply {
    /** Whether act is SiLU. */
    static final int SILU = Coefficients.SIZE;

    static final int OUT = Coefficients.SIZE + 1;

    /** Rows of an image of the output, border included. */
    static final int OUT_ROWS = Coefficients.SIZE + 2;

    /** Columns of the output, border included. */
    static final int OUT_COLUMNS = Coefficients.SIZE + 3;

    /** Rows of the border above. */
    static final int TOP = Coefficients.SIZE + 4;

    /** Columns of the border on the left. */
    static final int LEFT = Coefficients.SIZE + 5;

    static final int SIZE = Coefficients.SIZE + 6;

    private Apply() {}
  }

  /** Own places of {@link #sums}. */
  static final class Sums {
    /** Whether act is SiLU. */
    static final int SILU = Common.SIZE;

    /** Without border; becomes dz. */
    static final int GRAD_OUT = Common.SIZE + 1;

    static final int SIZE = Common.SIZE + 2;

    private Sums() {}
  }

  /** Own places of {@link #reduce}. */
  static final class Reduce {
    static final int GRAD_GAMMA = Common.SIZE;
    static final int GRAD_BETA = Common.SIZE + 1;

    /** 1 to add to both, 0 to overwrite them. */
    static final int ACCUMULATE_PARAMETERS = Common.SIZE + 2;

    /** Scale and shift of each image, or -1. */
    static final int SCALE_SHIFT = Common.SIZE + 3;

    /** Floats from image to image of them. */
    static final int SCALE_STRIDE = Common.SIZE + 4;

    /** Gradient of scale and shift, or -1. */
    static final int GRAD_SCALE_SHIFT = Common.SIZE + 5;

    static final int GAMMA = Common.SIZE + 6;
    static final int BETA = Common.SIZE + 7;

    /** Slope and term of each channel, each [images][stride]. */
    static final int COEFFICIENTS = Common.SIZE + 8;

    static final int SIZE = Common.SIZE + 9;

    private Reduce() {}
  }

  /** Own places of {@link #gradient}, which follow those of {@link #reduce}. */
  static final class Gradient {
    /** Gradient before the activation, without border. */
    static final int DZ = Reduce.SIZE;

    /** Without border. */
    static final int GRAD_X = Reduce.SIZE + 1;

    /** 1 to add to gradX, 0 to overwrite it. */
    static final int ACCUMULATE = Reduce.SIZE + 2;

    static final int SIZE = Reduce.SIZE + 3;

    private Gradient() {}
  }

  private GroupNormKernels() {}

  /**
   * partial[n][chunk][0][c] = mean of x[n][y][x][c] over the pixels of a chunk,
   * partial[n][chunk][1][c] = sum of (x[n][y][x][c] - mean)^2 over them. One iteration: a chunk of
   * an image and 16 channels.
   */
  static void moments(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Common.CHUNKS) * (d.get(Common.STRIDE) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int stride = d.get(Common.STRIDE);
      int blocks = stride / 16;
      int part = t / blocks;
      int channel = t % blocks * 16;
      int firstRow = part % d.get(Common.CHUNKS) * d.get(Common.CHUNK_ROWS);
      int rows = Math.min(d.get(Common.CHUNK_ROWS), d.get(Common.H) - firstRow);
      int width = d.get(Common.W);
      int from =
          d.get(Common.X)
              + part / d.get(Common.CHUNKS) * d.get(Common.X_IMAGE)
              + firstRow * d.get(Common.X_ROW)
              + channel;
      int rowStep = d.get(Common.X_ROW) / lanes;
      int step = stride / lanes;
      int to = d.get(Common.PARTIAL) + part * 2 * stride + channel;
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
   * statistics[..][n][c] = mean, 1 / sqrt(variance + eps), scale and bias, such that (norm(x) *
   * gamma + beta) * (1 + scaleShift[n][c]) + scaleShift[n][CHANNELS + c] = (x - mean) * scale +
   * bias. The moments of a group come from those of its channels (Chan, Golub and LeVeque 1983,
   * equation 2.1). One iteration: a group of an image.
   */
  static void coefficients(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Common.GROUPS);
    for (@Parallel int t = 0; t < bound; t++) {
      int groups = d.get(Common.GROUPS);
      int image = t / groups;
      int stride = d.get(Common.STRIDE);
      int channels = d.get(Common.CHANNELS);
      int size = channels / groups;
      int first = t % groups * size;
      int chunks = d.get(Common.CHUNKS);
      int height = d.get(Common.H);
      int width = d.get(Common.W);
      int partial = d.get(Common.PARTIAL) + image * chunks * 2 * stride + first;
      float elements = (float) (size * height * width);
      float total = 0f;
      for (int k = 0; k < chunks; k++) {
        float sum = 0f;
        for (int c = 0; c < size; c++) {
          sum += m.get(partial + k * 2 * stride + c);
        }
        total +=
            sum
                * (float)
                    (Math.min(d.get(Common.CHUNK_ROWS), height - k * d.get(Common.CHUNK_ROWS))
                        * width);
      }
      float mean = total / elements;
      float squares = 0f;
      for (int k = 0; k < chunks; k++) {
        float count =
            (float)
                (Math.min(d.get(Common.CHUNK_ROWS), height - k * d.get(Common.CHUNK_ROWS)) * width);
        float sum = 0f;
        for (int c = 0; c < size; c++) {
          float e = m.get(partial + k * 2 * stride + c) - mean;
          sum += m.get(partial + (k * 2 + 1) * stride + c) + count * e * e;
        }
        squares += sum;
      }
      float inverse = 1f / TornadoMath.sqrt(squares / elements + m.get(d.get(Coefficients.EPS)));
      int plane = d.get(Common.IMAGES) * stride;
      int to = d.get(Common.STATISTICS) + image * stride;
      int scaleShift = d.get(Coefficients.SCALE_SHIFT);
      int affine = scaleShift + image * d.get(Coefficients.SCALE_STRIDE);
      for (int c = first; c < first + size; c++) {
        float scale = m.get(d.get(Coefficients.GAMMA) + c);
        float bias = m.get(d.get(Coefficients.BETA) + c);
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
   * out = act((x - mean) * scale + bias), and zeros in its border. One iteration: a row of out
   * [IMAGES][OUT_ROWS][OUT_COLUMNS][STRIDE].
   */
  static void apply(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Apply.OUT_ROWS);
    for (@Parallel int t = 0; t < bound; t++) {
      int stride = d.get(Common.STRIDE);
      int image = t / d.get(Apply.OUT_ROWS);
      int row = t % d.get(Apply.OUT_ROWS) - d.get(Apply.TOP);
      int left = d.get(Apply.LEFT);
      int columns = d.get(Apply.OUT_COLUMNS);
      int width = d.get(Common.W);
      if (row < 0) {
        width = 0;
      }
      if (row >= d.get(Common.H)) {
        width = 0;
      }
      int to = d.get(Apply.OUT) + t * columns * stride;
      int from = d.get(Common.X) + image * d.get(Common.X_IMAGE) + row * d.get(Common.X_ROW);
      int statistics = d.get(Common.STATISTICS) + image * stride;
      int plane = d.get(Common.IMAGES) * stride;
      zero(m, to, left * stride);
      if (d.get(Apply.SILU) == 1) {
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
   * dz = gradOut * act'(z) in place of gradOut, where z = (x - mean) * scale + bias;
   * partial[n][chunk][0][c] = sum of dz over the pixels of a chunk, partial[n][chunk][1][c] = sum
   * of dz * (x - mean) / deviation. One iteration: a chunk of an image and 16 channels.
   */
  static void sums(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Common.CHUNKS) * (d.get(Common.STRIDE) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      int lanes = Lanes.width();
      int stride = d.get(Common.STRIDE);
      int blocks = stride / 16;
      int part = t / blocks;
      int image = part / d.get(Common.CHUNKS);
      int channel = t % blocks * 16;
      int firstRow = part % d.get(Common.CHUNKS) * d.get(Common.CHUNK_ROWS);
      int rows = Math.min(d.get(Common.CHUNK_ROWS), d.get(Common.H) - firstRow);
      int width = d.get(Common.W);
      int plane = d.get(Common.IMAGES) * stride;
      int x =
          d.get(Common.X)
              + image * d.get(Common.X_IMAGE)
              + firstRow * d.get(Common.X_ROW)
              + channel;
      int gradient =
          d.get(Sums.GRAD_OUT) + (image * d.get(Common.H) + firstRow) * width * stride + channel;
      int statistics = d.get(Common.STATISTICS) + image * stride + channel;
      int to = d.get(Common.PARTIAL) + part * 2 * stride + channel;
      for (int lane = 0; lane < 16; lane += lanes) {
        if (d.get(Sums.SILU) == 1) {
          sumsSilu(
              m,
              x + lane,
              d.get(Common.X_ROW),
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
              d.get(Common.X_ROW),
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
   * Turns the sums of channels into slope and term, [IMAGES][STRIDE] each, for {@link #gradient},
   * gradX = scale * dz + slope * (x - mean) + term; and, with s0 and s1 the sums over the chunks of
   * an image, into gradGamma[c] = sum over n of (1 + scaleShift[n][c]) * s1[n][c], gradBeta[c]
   * likewise of s0, gradScaleShift[n][c] = gamma[c] * s1[n][c] + beta[c] * s0[n][c] and
   * gradScaleShift[n][CHANNELS + c] = s0[n][c]. The first IMAGES * GROUPS iterations each do a
   * group, the others 16 parameters each.
   */
  static void reduce(FloatArray m, IntArray d) {
    int groups = d.get(Common.IMAGES) * d.get(Common.GROUPS);
    int bound = groups + d.get(Common.STRIDE) / 16;
    for (@Parallel int t = 0; t < bound; t++) {
      if (t < groups) {
        reduceGroup(m, d, t);
      } else {
        reduceParameters(m, d, (t - groups) * 16);
      }
    }
  }

  private static void reduceGroup(FloatArray m, IntArray d, int t) {
    int stride = d.get(Common.STRIDE);
    int plane = d.get(Common.IMAGES) * stride;
    int channels = d.get(Common.CHANNELS);
    int groups = d.get(Common.GROUPS);
    int size = channels / groups;
    int image = t / groups;
    int first = t % groups * size;
    int end = first + size;
    int statistics = d.get(Common.STATISTICS) + image * stride;
    int gradient = d.get(Reduce.GRAD_SCALE_SHIFT);
    int gradientRow = gradient + image * d.get(Reduce.SCALE_STRIDE);
    float inverse = m.get(statistics + plane + first);
    float total = 0f;
    float totalProduct = 0f;
    for (int c = first; c < end; c++) {
      float sum = 0f;
      float product = 0f;
      for (int k = 0; k < d.get(Common.CHUNKS); k++) {
        int partial = d.get(Common.PARTIAL) + (image * d.get(Common.CHUNKS) + k) * 2 * stride + c;
        sum += m.get(partial);
        product += m.get(partial + stride);
      }
      float scale = m.get(statistics + 2 * plane + c);
      total += scale * sum;
      totalProduct += scale * product;
      if (gradient >= 0) {
        m.set(
            gradientRow + c,
            m.get(d.get(Reduce.GAMMA) + c) * product + m.get(d.get(Reduce.BETA) + c) * sum);
        m.set(gradientRow + channels + c, sum);
      }
    }
    // scale holds a factor inverse already, so these are inverse * the means over the group.
    float elements = (float) (size * d.get(Common.H) * d.get(Common.W));
    float slope = -inverse * (totalProduct / elements);
    float term = -total / elements;
    int to = d.get(Reduce.COEFFICIENTS) + image * stride;
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
        for (int c = 2 * channels; c < d.get(Reduce.SCALE_STRIDE); c++) {
          m.set(gradientRow + c, 0f);
        }
      }
    }
  }

  private static void reduceParameters(FloatArray m, IntArray d, int channel) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int stride = d.get(Common.STRIDE);
    int chunks = d.get(Common.CHUNKS);
    for (int c = channel; c < channel + 16; c += lanes) {
      Float16 gamma = Lanes.zero();
      Float16 beta = Lanes.zero();
      for (int image = 0; image < d.get(Common.IMAGES); image++) {
        Float16 sum = Lanes.zero();
        Float16 product = Lanes.zero();
        for (int k = 0; k < chunks; k++) {
          int partial = d.get(Common.PARTIAL) + (image * chunks + k) * 2 * stride + c;
          sum = Lanes.add(sum, v.get(partial / lanes));
          product = Lanes.add(product, v.get((partial + stride) / lanes));
        }
        Float16 factor = Lanes.splat(1f);
        if (d.get(Reduce.SCALE_SHIFT) >= 0) {
          // In padding lanes this reads the shift, and multiplies zeros by it.
          factor =
              Lanes.add(
                  factor,
                  v.get(
                      (d.get(Reduce.SCALE_SHIFT) + image * d.get(Reduce.SCALE_STRIDE) + c)
                          / lanes));
        }
        gamma = Lanes.mulAdd(factor, product, gamma);
        beta = Lanes.mulAdd(factor, sum, beta);
      }
      int toGamma = (d.get(Reduce.GRAD_GAMMA) + c) / lanes;
      int toBeta = (d.get(Reduce.GRAD_BETA) + c) / lanes;
      if (d.get(Reduce.ACCUMULATE_PARAMETERS) == 1) {
        gamma = Lanes.add(gamma, v.get(toGamma));
        beta = Lanes.add(beta, v.get(toBeta));
      }
      v.set(toGamma, gamma);
      v.set(toBeta, beta);
    }
  }

  /** gradX = scale * dz + slope * (x - mean) + term. One iteration: a row. */
  static void gradient(FloatArray m, IntArray d) {
    int bound = d.get(Common.IMAGES) * d.get(Common.H);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int height = d.get(Common.H);
      int width = d.get(Common.W);
      int stride = d.get(Common.STRIDE);
      int image = t / height;
      int plane = d.get(Common.IMAGES) * stride / lanes;
      int vectors = stride / lanes;
      int at =
          (d.get(Common.X) + image * d.get(Common.X_IMAGE) + t % height * d.get(Common.X_ROW))
              / lanes;
      int dz = (d.get(Gradient.DZ) + t * width * stride) / lanes;
      int to = (d.get(Gradient.GRAD_X) + t * width * stride) / lanes;
      int s = (d.get(Common.STATISTICS) + image * stride) / lanes;
      int k = (d.get(Reduce.COEFFICIENTS) + image * stride) / lanes;
      int accumulate = d.get(Gradient.ACCUMULATE);
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
