package io.github.tornadodiffusion.kernels.ops.optimizer;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Norm;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels.Squares;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link OptimizerKernels} for a GPU, with the same descriptors. Every thread of a work group sums
 * a part, and these sums are added up as a tree in local memory.
 */
public final class OptimizerTileKernels {
  private OptimizerTileKernels() {}

  /** A chunk at a time. */
  static void squares(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int bound = d.get(Squares.BOUND);
    int gradients = d.get(Squares.GRADIENTS);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int end = Math.min((t + 1) * OptimizerCalls.CHUNK, d.get(Squares.LENGTH));
      float sum = 0f;
      for (int i = t * OptimizerCalls.CHUNK + thread; i < end; i += Tiles.THREADS) {
        float g = m.get(gradients + i);
        sum += g * g;
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half > 0; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread == 0) {
        m.set(d.get(Squares.SUMS) + t, sums[0]);
      }
      c.localBarrier();
    }
  }

  /** Everything by one work group. */
  static void gradientNorm(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int count = d.get(Norm.COUNT);
    int partial = d.get(Norm.SUMS);
    for (int t = c.groupIdx; t < 1; t += groups) {
      float sum = 0f;
      for (int i = thread; i < count; i += Tiles.THREADS) {
        sum += m.get(partial + i);
      }
      sums[thread] = sum;
      c.localBarrier();
      for (int half = 128; half > 0; half >>= 1) {
        if (thread < half) {
          sums[thread] += sums[thread + half];
        }
        c.localBarrier();
      }
      if (thread == 0) {
        OptimizerKernels.scale(m, d.get(Norm.HYPER), sums[0]);
      }
    }
  }
}
