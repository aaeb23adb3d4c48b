package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredError;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link LossKernels} for a GPU, with the same descriptors. Every thread of a work group sums a
 * part, and these sums are added up as a tree in local memory.
 */
public final class LossTileKernels {
  private LossTileKernels() {}

  /** An image at a time. */
  static void meanSquaredError(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int length = d.get(MeanSquaredError.H) * d.get(MeanSquaredError.PITCH);
    int bound = d.get(MeanSquaredError.IMAGES);
    for (int t = c.groupIdx; t < bound; t += groups) {
      int prediction = d.get(MeanSquaredError.PREDICTION) + t * length;
      int target = d.get(MeanSquaredError.TARGET) + t * length;
      float sum = 0f;
      for (int i = thread; i < length; i += Tiles.THREADS) {
        float error = m.get(prediction + i) - m.get(target + i);
        sum += error * error;
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
        m.set(d.get(MeanSquaredError.PER_IMAGE) + t, sums[0] / d.get(MeanSquaredError.ELEMENTS));
      }
      c.localBarrier();
    }
  }
}
