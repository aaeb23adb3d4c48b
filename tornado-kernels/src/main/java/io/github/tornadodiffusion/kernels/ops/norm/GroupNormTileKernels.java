package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Tiles;
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
    int stride = d.get(3);
    int blocks = stride / 16;
    int width = d.get(2);
    int rowStep = d.get(6);
    int parts = d.get(0) * d.get(8) * blocks;
    for (int t = c.groupIdx; t < parts; t += groups) {
      int part = t / blocks;
      int channel = t % blocks * 16 + (thread & 15);
      int firstRow = part % d.get(8) * d.get(7);
      int pixels = Math.min(d.get(7), d.get(1) - firstRow) * width;
      int from = d.get(4) + part / d.get(8) * d.get(5) + firstRow * rowStep + channel;
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
        int to = d.get(12) + part * 2 * stride + channel;
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
    int stride = d.get(3);
    int height = d.get(1);
    int width = d.get(2);
    int silu = d.get(13);
    int rows = d.get(15);
    int pitch = d.get(16) * stride;
    int left = d.get(18);
    int plane = d.get(0) * stride;
    int bound = d.get(0) * rows;
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / rows;
      int row = t % rows - d.get(17);
      int from = d.get(4) + image * d.get(5) + row * d.get(6);
      int to = d.get(14) + t * pitch;
      int statistics = d.get(11) + image * stride;
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
    int stride = d.get(3);
    int blocks = stride / 16;
    int width = d.get(2);
    int rowStep = d.get(6);
    int plane = d.get(0) * stride;
    int silu = d.get(13);
    int parts = d.get(0) * d.get(8) * blocks;
    for (int t = c.groupIdx; t < parts; t += groups) {
      int part = t / blocks;
      int image = part / d.get(8);
      int channel = t % blocks * 16 + (thread & 15);
      int firstRow = part % d.get(8) * d.get(7);
      int pixels = Math.min(d.get(7), d.get(1) - firstRow) * width;
      int from = d.get(4) + image * d.get(5) + firstRow * rowStep + channel;
      int gradient = d.get(14) + (image * d.get(1) + firstRow) * width * stride + channel;
      int statistics = d.get(11) + image * stride + channel;
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
        int to = d.get(12) + part * 2 * stride + channel;
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
    int images = d.get(0);
    int stride = d.get(3);
    int chunks = d.get(8);
    int partials = d.get(12);
    int scaleShift = d.get(16);
    int scaleStride = d.get(17);
    int bound = images * d.get(10);
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
        if (d.get(15) == 1) {
          gammaSum += m.get(d.get(13) + channel);
          betaSum += m.get(d.get(14) + channel);
        }
        m.set(d.get(13) + channel, gammaSum);
        m.set(d.get(14) + channel, betaSum);
      }
      c.localBarrier();
    }
  }

  /** A row at a time. */
  static void gradient(KernelContext c, FloatArray m, IntArray d) {
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int height = d.get(1);
    int stride = d.get(3);
    int length = d.get(2) * stride;
    int plane = d.get(0) * stride;
    int accumulate = d.get(15);
    int bound = d.get(0) * height;
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / height;
      int from = d.get(4) + image * d.get(5) + t % height * d.get(6);
      int dz = d.get(13) + t * length;
      int to = d.get(14) + t * length;
      int statistics = d.get(11) + image * stride;
      int coefficients = d.get(16) + image * stride;
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
