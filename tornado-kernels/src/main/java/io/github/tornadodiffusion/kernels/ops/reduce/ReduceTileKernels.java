package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Tiles;
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
    int blocks = d.get(1);
    int width = d.get(3);
    int pixels = d.get(2) * width;
    int stride = d.get(4);
    int rowStep = d.get(6);
    int bound = d.get(0);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int image = t / blocks;
      int channel = t % blocks * 16 + (thread & 15);
      int from = d.get(5) + image * d.get(7) + channel;
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
        m.set(d.get(8) + image * stride + channel, sums[thread]);
      }
      c.localBarrier();
    }
  }
}
