package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels.PerImage;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link VariationalBoundKernels} for a GPU, with the same descriptors. Every thread of a work
 * group sums a part, and these sums are added up as a tree in local memory.
 */
public final class VariationalBoundTileKernels {
  private VariationalBoundTileKernels() {}

  /** An image at a time. */
  static void perImage(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int elements = d.get(PerImage.H) * d.get(PerImage.LENGTH);
    int bound = d.get(PerImage.IMAGES);
    for (int t = c.groupIdx; t < bound; t += groups) {
      float sum = 0f;
      for (int i = thread; i < elements; i += Tiles.THREADS) {
        sum += VariationalBoundKernels.term(m, d, t, t * elements + i);
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
        m.set(d.get(PerImage.PER_IMAGE) + t, sums[0] / elements);
      }
      c.localBarrier();
    }
  }
}
