package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels.SumPixels;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link ReduceKernels} for a GPU, with the same descriptors. Every thread of a work group sums a
 * part, and these sums are added up as a tree in local memory.
 */
public final class ReduceTileKernels {
  private ReduceTileKernels() {}

  /** 16 channels of an image at a time. */
  static void sumPixels(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int blocks = d.get(SumPixels.GROUPS);
    int width = d.get(SumPixels.W);
    int pixels = d.get(SumPixels.H) * width;
    int stride = d.get(SumPixels.STRIDE);
    int rowStep = d.get(SumPixels.IN_ROW);
    int bound = d.get(SumPixels.BOUND);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / blocks;
      int channel = t % blocks * 16 + (thread & 15);
      int from = d.get(SumPixels.IN) + image * d.get(SumPixels.IN_IMAGE) + channel;
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
      if (thread < 16) {
        m.set(d.get(SumPixels.OUT) + image * stride + channel, sums[thread]);
      }
      c.localBarrier();
    }
  }
}
