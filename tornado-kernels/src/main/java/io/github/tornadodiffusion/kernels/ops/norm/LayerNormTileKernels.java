package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Common;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Gradient;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link LayerNormKernels} for a GPU, with the same descriptors: a work group takes a pixel at a
 * time, and its sums are added up as a tree in local memory.
 */
final class LayerNormTileKernels {
  private LayerNormTileKernels() {}

  static void forward(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int pixels = d.get(Common.PIXELS);
    int channels = d.get(Common.CHANNELS);
    int stride = d.get(Common.STRIDE);
    int gamma = d.get(Forward.GAMMA);
    int beta = d.get(Forward.BETA);
    for (int t = c.groupIdx; t < pixels; t += groups) {
      int x = d.get(Common.X) + t * stride;
      int out = d.get(Forward.OUT) + t * stride;
      float sum = 0f;
      for (int i = thread; i < channels; i += Tiles.THREADS) {
        sum += m.get(x + i);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half >= 1; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      float mean = sums[0] / channels;
      float square = 0f;
      for (int i = thread; i < channels; i += Tiles.THREADS) {
        float e = m.get(x + i) - mean;
        square += e * e;
      }
      c.localBarrier();
      sums[thread] = square;
      c.localBarrier();
      for (int half = 128; half >= 1; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      float inverse = 1f / TornadoMath.sqrt(sums[0] / channels + m.get(d.get(Forward.EPS)));
      if (thread == 0) {
        int statistics = d.get(Common.STATISTICS) + 2 * t;
        m.set(statistics, mean);
        m.set(statistics + 1, inverse);
      }
      for (int i = thread; i < stride; i += Tiles.THREADS) {
        m.set(out + i, (m.get(x + i) - mean) * inverse * m.get(gamma + i) + m.get(beta + i));
      }
      c.localBarrier();
    }
  }

  static void gradient(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    float[] products = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int pixels = d.get(Common.PIXELS);
    int channels = d.get(Common.CHANNELS);
    int stride = d.get(Common.STRIDE);
    int gamma = d.get(Gradient.GAMMA);
    int accumulate = d.get(Gradient.ACCUMULATE);
    for (int t = c.groupIdx; t < pixels; t += groups) {
      int x = d.get(Common.X) + t * stride;
      int grad = d.get(Gradient.GRAD_OUT) + t * stride;
      int out = d.get(Gradient.GRAD_X) + t * stride;
      float mean = m.get(d.get(Common.STATISTICS) + 2 * t);
      float inverse = m.get(d.get(Common.STATISTICS) + 2 * t + 1);
      float sum = 0f;
      float product = 0f;
      for (int i = thread; i < channels; i += Tiles.THREADS) {
        float g = m.get(grad + i) * m.get(gamma + i);
        sum += g;
        product += g * (m.get(x + i) - mean) * inverse;
      }
      sums[thread] = sum;
      products[thread] = product;
      c.localBarrier();
      for (int half = 128; half >= 1; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
          products[thread] += products[thread + half];
        }
        c.localBarrier();
      }
      float center = sums[0] / channels;
      float slope = products[0] / channels;
      for (int i = thread; i < stride; i += Tiles.THREADS) {
        float r = 0f;
        if (i < channels) {
          float norm = (m.get(x + i) - mean) * inverse;
          r = (m.get(grad + i) * m.get(gamma + i) - center - norm * slope) * inverse;
          if (accumulate == 1) {
            r += m.get(out + i);
          }
        }
        m.set(out + i, r);
      }
      c.localBarrier();
    }
  }
}
