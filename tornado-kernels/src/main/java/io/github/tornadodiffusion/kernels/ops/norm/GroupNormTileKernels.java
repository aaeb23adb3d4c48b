package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Apply;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Common;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Gradient;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Reduce;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Sums;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link GroupNormKernels} for a GPU, with the same descriptors. Where channels are summed, a work
 * group is 16 channels by 16 pixels (or images), so that its threads read neighbours, and its sums
 * are added up as a tree in local memory. Where every element is written, a work group takes a row.
 */
public final class GroupNormTileKernels {
  private GroupNormTileKernels() {}

  /** A chunk of an image and 16 channels at a time. */
  static void moments(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int stride = d.get(Common.STRIDE);
    int blocks = stride / 16;
    int width = d.get(Common.W);
    int rowStep = d.get(Common.X_ROW);
    int parts = d.get(Common.IMAGES) * d.get(Common.CHUNKS) * blocks;
    for (int t = c.groupIdx; t < parts; t += groups) {
      int part = t / blocks;
      int channel = t % blocks * 16 + (thread & 15);
      int firstRow = part % d.get(Common.CHUNKS) * d.get(Common.CHUNK_ROWS);
      int pixels = Math.min(d.get(Common.CHUNK_ROWS), d.get(Common.H) - firstRow) * width;
      int from =
          d.get(Common.X)
              + part / d.get(Common.CHUNKS) * d.get(Common.X_IMAGE)
              + firstRow * rowStep
              + channel;
      float sum = 0f;
      for (int i = thread >> 4; i < pixels; i += 16) {
        sum += m.get(from + i / width * rowStep + i % width * stride);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half >= 16; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      float mean = sums[thread & 15] / pixels;
      float squares = 0f;
      for (int i = thread >> 4; i < pixels; i += 16) {
        float e = m.get(from + i / width * rowStep + i % width * stride) - mean;
        squares += e * e;
      }
      c.localBarrier();
      sums[thread] = squares;
      c.localBarrier();
      for (int half = 128; half >= 16; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread < 16) {
        int to = d.get(Common.PARTIAL) + part * 2 * stride + channel;
        m.set(to, mean);
        m.set(to + stride, sums[thread]);
      }
      c.localBarrier();
    }
  }

  /** A row of the output at a time. */
  static void apply(KernelContext c, FloatArray m, IntArray d) {
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int stride = d.get(Common.STRIDE);
    int height = d.get(Common.H);
    int width = d.get(Common.W);
    int silu = d.get(Apply.SILU);
    int rows = d.get(Apply.OUT_ROWS);
    int pitch = d.get(Apply.OUT_COLUMNS) * stride;
    int left = d.get(Apply.LEFT);
    int plane = d.get(Common.IMAGES) * stride;
    int bound = d.get(Common.IMAGES) * rows;
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / rows;
      int row = t % rows - d.get(Apply.TOP);
      int from = d.get(Common.X) + image * d.get(Common.X_IMAGE) + row * d.get(Common.X_ROW);
      int to = d.get(Apply.OUT) + t * pitch;
      int statistics = d.get(Common.STATISTICS) + image * stride;
      int first = left * stride;
      int end = first;
      if (row >= 0) {
        if (row < height) {
          end = first + width * stride;
        }
      }
      for (int i = thread; i < pitch; i += Tiles.THREADS) {
        float z = 0f;
        if (i >= first) {
          if (i < end) {
            int s = statistics + i % stride;
            float e = m.get(from + i - first) - m.get(s);
            z = e * m.get(s + 2 * plane) + m.get(s + 3 * plane);
            if (silu == 1) {
              z = z / (1f + TornadoMath.exp(-z));
            }
          }
        }
        m.set(to + i, z);
      }
    }
  }

  /** A chunk of an image and 16 channels at a time. */
  static void sums(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    float[] products = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int stride = d.get(Common.STRIDE);
    int blocks = stride / 16;
    int width = d.get(Common.W);
    int rowStep = d.get(Common.X_ROW);
    int plane = d.get(Common.IMAGES) * stride;
    int silu = d.get(Sums.SILU);
    int parts = d.get(Common.IMAGES) * d.get(Common.CHUNKS) * blocks;
    for (int t = c.groupIdx; t < parts; t += groups) {
      int part = t / blocks;
      int image = part / d.get(Common.CHUNKS);
      int channel = t % blocks * 16 + (thread & 15);
      int firstRow = part % d.get(Common.CHUNKS) * d.get(Common.CHUNK_ROWS);
      int pixels = Math.min(d.get(Common.CHUNK_ROWS), d.get(Common.H) - firstRow) * width;
      int from = d.get(Common.X) + image * d.get(Common.X_IMAGE) + firstRow * rowStep + channel;
      int gradient =
          d.get(Sums.GRAD_OUT) + (image * d.get(Common.H) + firstRow) * width * stride + channel;
      int statistics = d.get(Common.STATISTICS) + image * stride + channel;
      float mean = m.get(statistics);
      float scale = m.get(statistics + 2 * plane);
      float bias = m.get(statistics + 3 * plane);
      float sum = 0f;
      float product = 0f;
      for (int i = thread >> 4; i < pixels; i += 16) {
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
      for (int half = 128; half >= 16; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
          products[thread] += products[thread + half];
        }
        c.localBarrier();
      }
      if (thread < 16) {
        int to = d.get(Common.PARTIAL) + part * 2 * stride + channel;
        m.set(to, sums[thread]);
        m.set(to + stride, products[thread] * m.get(statistics + plane));
      }
      c.localBarrier();
    }
  }

  /** A thread for every group of an image, then a work group for every 16 parameters. */
  static void reduce(KernelContext c, FloatArray m, IntArray d) {
    float[] gammas = c.allocateFloatLocalArray(256);
    float[] betas = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int images = d.get(Common.IMAGES);
    int stride = d.get(Common.STRIDE);
    int chunks = d.get(Common.CHUNKS);
    int partials = d.get(Common.PARTIAL);
    int scaleShift = d.get(Reduce.SCALE_SHIFT);
    int scaleStride = d.get(Reduce.SCALE_STRIDE);
    int bound = images * d.get(Common.GROUPS);
    for (int t = c.groupIdx * Tiles.THREADS + thread; t < bound; t += groups * Tiles.THREADS) {
      GroupNormKernels.reduceGroup(m, d, t);
    }
    for (int t = c.groupIdx; t < stride / 16; t += groups) {
      int channel = t * 16 + (thread & 15);
      float gamma = 0f;
      float beta = 0f;
      for (int image = thread >> 4; image < images; image += 16) {
        float sum = 0f;
        float product = 0f;
        for (int k = 0; k < chunks; k++) {
          int partial = partials + (image * chunks + k) * 2 * stride + channel;
          sum += m.get(partial);
          product += m.get(partial + stride);
        }
        float factor = 1f;
        if (scaleShift >= 0) {
          // In padding lanes this reads the shift, and multiplies zeros by it.
          factor += m.get(scaleShift + image * scaleStride + channel);
        }
        gamma += factor * product;
        beta += factor * sum;
      }
      gammas[thread] = gamma;
      betas[thread] = beta;
      c.localBarrier();
      for (int half = 128; half >= 16; half >>= 1) {
        if (thread < half) {
          gammas[thread] += gammas[thread + half];
          betas[thread] += betas[thread + half];
        }
        c.localBarrier();
      }
      if (thread < 16) {
        float gammaSum = gammas[thread];
        float betaSum = betas[thread];
        if (d.get(Reduce.ACCUMULATE) == 1) {
          gammaSum += m.get(d.get(Reduce.GRAD_GAMMA) + channel);
          betaSum += m.get(d.get(Reduce.GRAD_BETA) + channel);
        }
        m.set(d.get(Reduce.GRAD_GAMMA) + channel, gammaSum);
        m.set(d.get(Reduce.GRAD_BETA) + channel, betaSum);
      }
      c.localBarrier();
    }
  }

  /** A row at a time. */
  static void gradient(KernelContext c, FloatArray m, IntArray d) {
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int height = d.get(Common.H);
    int stride = d.get(Common.STRIDE);
    int length = d.get(Common.W) * stride;
    int plane = d.get(Common.IMAGES) * stride;
    int accumulate = d.get(Gradient.ACCUMULATE);
    int bound = d.get(Common.IMAGES) * height;
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / height;
      int from = d.get(Common.X) + image * d.get(Common.X_IMAGE) + t % height * d.get(Common.X_ROW);
      int dz = d.get(Gradient.DZ) + t * length;
      int to = d.get(Gradient.GRAD_X) + t * length;
      int statistics = d.get(Common.STATISTICS) + image * stride;
      int coefficients = d.get(Gradient.COEFFICIENTS) + image * stride;
      for (int i = thread; i < length; i += Tiles.THREADS) {
        int s = statistics + i % stride;
        int k = coefficients + i % stride;
        float e = m.get(from + i) - m.get(s);
        float r = m.get(s + 2 * plane) * m.get(dz + i) + m.get(k + plane);
        r += m.get(k) * e;
        if (accumulate == 1) {
          r += m.get(to + i);
        }
        m.set(to + i, r);
      }
    }
  }
}
