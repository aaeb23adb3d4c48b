package io.github.tornadodiffusion.kernels.ops.peak;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernel behind {@link Peak}. Eight chains in registers hide the latency of a multiply-add on
 * processors that start two of them per cycle and finish them four cycles later, and leave
 * registers for the constants.
 */
final class PeakKernels {
  static final int ROWS = 0;
  static final int TIMES = 1;
  static final int FACTOR = 2;
  static final int TERM = 3;
  static final int X = 4;
  static final int Y = 5;
  static final int SIZE = 6;

  private PeakKernels() {}

  /** y = x after TIMES repetitions of x = factor * x + term; x and y [ROWS][128]. */
  static void multiplyAdd(FloatArray m, IntArray d) {
    int bound = d.get(ROWS);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int times = d.get(TIMES);
      int step = 16 / lanes;
      Float16 factor = Lanes.splat(m.get(d.get(FACTOR)));
      Float16 term = Lanes.splat(m.get(d.get(TERM)));
      int x = (d.get(X) + t * 128) / lanes;
      int y = (d.get(Y) + t * 128) / lanes;
      for (@Parallel int i = 0; i < step; i++) {
        Float16 r0 = v.get(x + i);
        Float16 r1 = v.get(x + i + step);
        Float16 r2 = v.get(x + i + 2 * step);
        Float16 r3 = v.get(x + i + 3 * step);
        Float16 r4 = v.get(x + i + 4 * step);
        Float16 r5 = v.get(x + i + 5 * step);
        Float16 r6 = v.get(x + i + 6 * step);
        Float16 r7 = v.get(x + i + 7 * step);
        for (int k = 0; k < times; k++) {
          r0 = Lanes.mulAdd(r0, factor, term);
          r1 = Lanes.mulAdd(r1, factor, term);
          r2 = Lanes.mulAdd(r2, factor, term);
          r3 = Lanes.mulAdd(r3, factor, term);
          r4 = Lanes.mulAdd(r4, factor, term);
          r5 = Lanes.mulAdd(r5, factor, term);
          r6 = Lanes.mulAdd(r6, factor, term);
          r7 = Lanes.mulAdd(r7, factor, term);
        }
        v.set(y + i, r0);
        v.set(y + i + step, r1);
        v.set(y + i + 2 * step, r2);
        v.set(y + i + 3 * step, r3);
        v.set(y + i + 4 * step, r4);
        v.set(y + i + 5 * step, r5);
        v.set(y + i + 6 * step, r6);
        v.set(y + i + 7 * step, r7);
      }
    }
  }
}
