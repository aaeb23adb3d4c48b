package org.example.kernels;

import io.github.tornadodiffusion.kernels.Tiles;
import org.example.kernels.EnergyKernels.Places;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link EnergyKernels} for a GPU: a work group sums a row as a tree. */
final class EnergyTileKernels {
  private EnergyTileKernels() {}

  static void forward(KernelContext c, FloatArray m, IntArray d) {
    float[] sums = c.allocateFloatLocalArray(256);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int rows = d.get(Places.ROWS);
    int length = d.get(Places.LENGTH);
    for (int t = c.groupIdx; t < rows; t += groups) {
      int from = d.get(Places.X) + t * length;
      float sum = 0f;
      for (int i = thread; i < length; i += Tiles.THREADS) {
        float x = m.get(from + i);
        sum += x * x;
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
        m.set(d.get(Places.ENERGY) + t, sums[0]);
      }
      c.localBarrier();
    }
  }
}
