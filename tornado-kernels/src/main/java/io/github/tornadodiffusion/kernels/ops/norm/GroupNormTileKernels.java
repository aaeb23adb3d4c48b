package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Apply;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Coefficients;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Common;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Gradient;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Reduce;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Sums;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link GroupNormKernels} for a GPU, with the same descriptors. A work group is 32 channels by 8
 * pixels (or images), so that its threads read neighbours, and its sums are added up as a tree in
 * local memory. What would be a launch of its own between two passes, every work group does for its
 * channels.
 */
public final class GroupNormTileKernels {
  /** Rows of an image that a work group writes with the coefficients of its channels. */
  private static final int ROWS = 4;

  private GroupNormTileKernels() {}

  /** A chunk of an image and 32 channels at a time. */
  static void moments(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int stride = d.get(Common.STRIDE);
    int blocks = (stride + 31) / 32;
    int width = d.get(Common.W);
    int rowStep = d.get(Common.X_ROW);
    int parts = d.get(Common.IMAGES) * d.get(Common.CHUNKS) * blocks;
    for (int t = c.groupIdx; t < parts; t += groups) {
      int part = t / blocks;
      int channel = t % blocks * 32 + (thread & 31);
      int firstRow = part % d.get(Common.CHUNKS) * d.get(Common.CHUNK_ROWS);
      int pixels = Math.min(d.get(Common.CHUNK_ROWS), d.get(Common.H) - firstRow) * width;
      int end = channel < stride ? pixels : 0;
      int from =
          d.get(Common.X)
              + part / d.get(Common.CHUNKS) * d.get(Common.X_IMAGE)
              + firstRow * rowStep
              + channel;
      float sum = 0f;
      for (int i = thread >> 5; i < end; i += 8) {
        sum += m.get(from + i / width * rowStep + i % width * stride);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half >= 32; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      float mean = sums[thread & 31] / pixels;
      float squares = 0f;
      for (int i = thread >> 5; i < end; i += 8) {
        float e = m.get(from + i / width * rowStep + i % width * stride) - mean;
        squares += e * e;
      }
      c.localBarrier();
      sums[thread] = squares;
      c.localBarrier();
      for (int half = 128; half >= 32; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread < 32 && channel < stride) {
        int to = d.get(Common.PARTIAL) + part * 2 * stride + channel;
        m.set(to, mean);
        m.set(to + stride, sums[thread]);
      }
      c.localBarrier();
    }
  }

  /**
   * {@link GroupNormKernels#coefficients} and {@link GroupNormKernels#apply}: {@link #ROWS} rows of
   * an image of the output and 32 channels at a time, whose coefficients stay in registers.
   */
  static void normalise(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int stride = d.get(Common.STRIDE);
    int blocks = (stride + 31) / 32;
    int chunks = d.get(Common.CHUNKS);
    int channels = d.get(Common.CHANNELS);
    int size = channels / d.get(Common.GROUPS);
    int height = d.get(Common.H);
    int width = d.get(Common.W);
    int rows = d.get(Apply.OUT_ROWS);
    int columns = d.get(Apply.OUT_COLUMNS);
    int silu = d.get(Apply.SILU);
    int plane = d.get(Common.IMAGES) * stride;
    int slabs = (rows + ROWS - 1) / ROWS;
    int parts = d.get(Common.IMAGES) * slabs * blocks;
    float elements = (float) (size * height * width);
    for (int t = c.groupIdx; t < parts; t += groups) {
      int channel = t % blocks * 32 + (thread & 31);
      int slab = t / blocks % slabs;
      int image = t / blocks / slabs;
      int partial = d.get(Common.PARTIAL) + image * chunks * 2 * stride + channel / size * size;
      int values = 0;
      if (channel < channels) {
        values = chunks * size;
      }
      float sum = 0f;
      for (int i = thread >> 5; i < values; i += 8) {
        sum += m.get(partial + i / size * 2 * stride + i % size) * pixels(d, i / size);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half >= 32; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      float mean = sums[thread & 31] / elements;
      float squares = 0f;
      for (int i = thread >> 5; i < values; i += 8) {
        int at = partial + i / size * 2 * stride + i % size;
        float e = m.get(at) - mean;
        squares += m.get(at + stride) + pixels(d, i / size) * e * e;
      }
      c.localBarrier();
      sums[thread] = squares;
      c.localBarrier();
      for (int half = 128; half >= 32; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      float inverse = 0f;
      float scale = 0f;
      float bias = 0f;
      if (channel < channels) {
        inverse =
            1f / TornadoMath.sqrt(sums[thread & 31] / elements + m.get(d.get(Coefficients.EPS)));
        scale = inverse * m.get(d.get(Coefficients.GAMMA) + channel);
        bias = m.get(d.get(Coefficients.BETA) + channel);
        if (d.get(Coefficients.SCALE_SHIFT) >= 0) {
          int affine =
              d.get(Coefficients.SCALE_SHIFT) + image * d.get(Coefficients.SCALE_STRIDE) + channel;
          float factor = 1f + m.get(affine);
          scale = scale * factor;
          bias = bias * factor + m.get(affine + channels);
        }
      }
      if (channel < stride) {
        if (slab == 0) {
          if (thread < 32) {
            int statistics = d.get(Common.STATISTICS) + image * stride + channel;
            m.set(statistics, mean);
            m.set(statistics + plane, inverse);
            m.set(statistics + 2 * plane, scale);
            m.set(statistics + 3 * plane, bias);
          }
        }
        int top = slab * ROWS;
        int pixels = Math.min(ROWS, rows - top) * columns;
        int from = d.get(Common.X) + image * d.get(Common.X_IMAGE) + channel;
        int to = d.get(Apply.OUT) + (image * rows + top) * columns * stride + channel;
        for (int i = thread >> 5; i < pixels; i += 8) {
          int y = top + i / columns - d.get(Apply.TOP);
          int x = i % columns - d.get(Apply.LEFT);
          float z = 0f;
          if (y >= 0 && y < height && x >= 0 && x < width) {
            float e = m.get(from + y * d.get(Common.X_ROW) + x * stride) - mean;
            z = e * scale + bias;
            if (silu == 1) {
              z = z / (1f + TornadoMath.exp(-z));
            }
          }
          m.set(to + i * stride, z);
        }
      }
      c.localBarrier();
    }
  }

  /** Pixels of a chunk. */
  private static float pixels(IntArray d, int chunk) {
    int rows = d.get(Common.CHUNK_ROWS);
    return (float) (Math.min(rows, d.get(Common.H) - chunk * rows) * d.get(Common.W));
  }

  /** A chunk of an image and 32 channels at a time. */
  static void sums(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    float[] products = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int stride = d.get(Common.STRIDE);
    int blocks = (stride + 31) / 32;
    int width = d.get(Common.W);
    int rowStep = d.get(Common.X_ROW);
    int plane = d.get(Common.IMAGES) * stride;
    int silu = d.get(Sums.SILU);
    int parts = d.get(Common.IMAGES) * d.get(Common.CHUNKS) * blocks;
    for (int t = c.groupIdx; t < parts; t += groups) {
      int part = t / blocks;
      int image = part / d.get(Common.CHUNKS);
      int channel = t % blocks * 32 + (thread & 31);
      int firstRow = part % d.get(Common.CHUNKS) * d.get(Common.CHUNK_ROWS);
      int pixels = Math.min(d.get(Common.CHUNK_ROWS), d.get(Common.H) - firstRow) * width;
      int end = channel < stride ? pixels : 0;
      int from = d.get(Common.X) + image * d.get(Common.X_IMAGE) + firstRow * rowStep + channel;
      int gradient =
          d.get(Sums.GRAD_OUT) + (image * d.get(Common.H) + firstRow) * width * stride + channel;
      int statistics = d.get(Common.STATISTICS) + image * stride + channel;
      float mean = m.get(statistics);
      float scale = m.get(statistics + 2 * plane);
      float bias = m.get(statistics + 3 * plane);
      float sum = 0f;
      float product = 0f;
      for (int i = thread >> 5; i < end; i += 8) {
        float e = m.get(from + i / width * rowStep + i % width * stride) - mean;
        float dz = m.get(gradient + i * stride);
        if (silu == 1) {
          float z = e * scale + bias;
          float sigmoid = 1f / (1f + TornadoMath.exp(-z));
          dz = dz * (sigmoid + z * sigmoid * (1f - sigmoid));
          m.set(gradient + i * stride, dz);
        }
        sum += dz;
        product += dz * e;
      }
      sums[thread] = sum;
      products[thread] = product;
      c.localBarrier();
      for (int half = 128; half >= 32; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
          products[thread] += products[thread + half];
        }
        c.localBarrier();
      }
      if (thread < 32 && channel < stride) {
        int to = d.get(Common.PARTIAL) + part * 2 * stride + channel;
        m.set(to, sums[thread]);
        m.set(to + stride, products[thread] * m.get(statistics + plane));
      }
      c.localBarrier();
    }
  }

  /**
   * {@link GroupNormKernels#reduce} and {@link GroupNormKernels#gradient}: {@link #ROWS} rows of an
   * image and 32 channels at a time, then 32 parameters at a time.
   */
  static void gradients(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    float[] products = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int images = d.get(Common.IMAGES);
    int stride = d.get(Common.STRIDE);
    int blocks = (stride + 31) / 32;
    int chunks = d.get(Common.CHUNKS);
    int channels = d.get(Common.CHANNELS);
    int size = channels / d.get(Common.GROUPS);
    int height = d.get(Common.H);
    int width = d.get(Common.W);
    int plane = images * stride;
    int slabs = (height + ROWS - 1) / ROWS;
    int scaleShift = d.get(Reduce.SCALE_SHIFT);
    int scaleStride = d.get(Reduce.SCALE_STRIDE);
    int gradient = d.get(Reduce.GRAD_SCALE_SHIFT);
    int accumulate = d.get(Gradient.ACCUMULATE);
    float elements = (float) (size * height * width);
    for (int t = c.groupIdx; t < images * slabs * blocks; t += groups) {
      int channel = t % blocks * 32 + (thread & 31);
      int slab = t / blocks % slabs;
      int image = t / blocks / slabs;
      int partials = d.get(Common.PARTIAL) + image * chunks * 2 * stride;
      int statistics = d.get(Common.STATISTICS) + image * stride;
      int first = channel / size * size;
      int values = 0;
      if (channel < channels) {
        values = chunks * size;
      }
      float sum = 0f;
      float product = 0f;
      for (int i = thread >> 5; i < values; i += 8) {
        int of = first + i % size;
        int partial = partials + i / size * 2 * stride + of;
        float scale = m.get(statistics + 2 * plane + of);
        sum += scale * m.get(partial);
        product += scale * m.get(partial + stride);
      }
      sums[thread] = sum;
      products[thread] = product;
      c.localBarrier();
      for (int half = 128; half >= 32; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
          products[thread] += products[thread + half];
        }
        c.localBarrier();
      }
      if (channel < stride) {
        float mean = m.get(statistics + channel);
        float scale = m.get(statistics + 2 * plane + channel);
        // scale holds a factor inverse already, so these are inverse * the means over the group.
        float slope = -m.get(statistics + plane + first) * (products[thread & 31] / elements);
        float term = -sums[thread & 31] / elements;
        int top = slab * ROWS;
        int pixels = Math.min(ROWS, height - top) * width;
        int from = d.get(Common.X) + image * d.get(Common.X_IMAGE) + channel;
        int row = (image * height + top) * width * stride + channel;
        for (int i = thread >> 5; i < pixels; i += 8) {
          int at = from + (top + i / width) * d.get(Common.X_ROW) + i % width * stride;
          int to = d.get(Gradient.GRAD_X) + row + i * stride;
          float r = scale * m.get(d.get(Gradient.DZ) + row + i * stride) + term;
          r += slope * (m.get(at) - mean);
          if (accumulate == 1) {
            r += m.get(to);
          }
          m.set(to, r);
        }
      }
      if (gradient >= 0) {
        if (slab == 0) {
          scaleShift(m, d, image, channel, thread, t % blocks);
        }
      }
      c.localBarrier();
    }
    for (int t = c.groupIdx; t < blocks; t += groups) {
      int channel = Math.min(t * 32 + (thread & 31), stride - 1);
      float gamma = 0f;
      float beta = 0f;
      for (int i = thread >> 5; i < images * chunks; i += 8) {
        int partial = d.get(Common.PARTIAL) + i * 2 * stride + channel;
        float factor = 1f;
        if (scaleShift >= 0) {
          // In padding lanes this reads the shift, and multiplies zeros by it.
          factor += m.get(scaleShift + i / chunks * scaleStride + channel);
        }
        gamma += factor * m.get(partial + stride);
        beta += factor * m.get(partial);
      }
      products[thread] = gamma;
      sums[thread] = beta;
      c.localBarrier();
      for (int half = 128; half >= 32; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
          products[thread] += products[thread + half];
        }
        c.localBarrier();
      }
      if (thread < 32) {
        float gammaSum = products[thread];
        float betaSum = sums[thread];
        if (d.get(Reduce.ACCUMULATE_PARAMETERS) == 1) {
          gammaSum += m.get(d.get(Reduce.GRAD_GAMMA) + channel);
          betaSum += m.get(d.get(Reduce.GRAD_BETA) + channel);
        }
        // Threads beyond the last channel have its sums, but must not add them once more.
        if (t * 32 + thread < stride) {
          m.set(d.get(Reduce.GRAD_GAMMA) + channel, gammaSum);
          m.set(d.get(Reduce.GRAD_BETA) + channel, betaSum);
        }
      }
      c.localBarrier();
    }
  }

  /** The gradient of an image's scale and shift; only the first 32 threads do something. */
  private static void scaleShift(
      FloatArray m, IntArray d, int image, int channel, int thread, int block) {
    int stride = d.get(Common.STRIDE);
    int channels = d.get(Common.CHANNELS);
    int chunks = d.get(Common.CHUNKS);
    int end = d.get(Reduce.SCALE_STRIDE);
    int to = d.get(Reduce.GRAD_SCALE_SHIFT) + image * end;
    if (thread < 32) {
      if (channel < channels) {
        int partial = d.get(Common.PARTIAL) + image * chunks * 2 * stride + channel;
        float sum = 0f;
        float product = 0f;
        for (int k = 0; k < chunks; k++) {
          sum += m.get(partial + k * 2 * stride);
          product += m.get(partial + (k * 2 + 1) * stride);
        }
        float scale = m.get(d.get(Reduce.GAMMA) + channel) * product;
        m.set(to + channel, scale + m.get(d.get(Reduce.BETA) + channel) * sum);
        m.set(to + channels + channel, sum);
      }
      if (block == 0) {
        if (2 * channels + thread < end) {
          m.set(to + 2 * channels + thread, 0f);
        }
      }
    }
  }
}
