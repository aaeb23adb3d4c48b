package org.example.kernels;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/** Kernels of {@link Energy}: an iteration does a row. */
final class EnergyKernels {
  /** Places of all kernels. */
  static final class Places {
    static final int ROWS = 0;
    static final int LENGTH = 1;
    static final int X = 2;

    /** The energies, or their gradients. */
    static final int ENERGY = 3;

    static final int GRAD_X = 4;
    static final int SIZE = 5;

    private Places() {}
  }

  private EnergyKernels() {}

  static void forward(FloatArray m, IntArray d) {
    int rows = d.get(Places.ROWS);
    int length = d.get(Places.LENGTH);
    int x = d.get(Places.X);
    int energy = d.get(Places.ENERGY);
    for (@Parallel int t = 0; t < rows; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = (x + t * length) / lanes;
      Float16 sum = Lanes.zero();
      for (int i = 0; i < length / lanes; i++) {
        sum = square(v.get(from + i), sum);
      }
      m.set(energy + t, Lanes.sum(sum));
    }
  }

  static void backward(FloatArray m, IntArray d) {
    int rows = d.get(Places.ROWS);
    int length = d.get(Places.LENGTH);
    int x = d.get(Places.X);
    int energy = d.get(Places.ENERGY);
    int gradX = d.get(Places.GRAD_X);
    for (@Parallel int t = 0; t < rows; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int from = (x + t * length) / lanes;
      int to = (gradX + t * length) / lanes;
      Float16 factor = Lanes.splat(2f * m.get(energy + t));
      int count = length / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        v.set(to + i, Lanes.mul(v.get(from + i), factor));
      }
    }
  }

  /** As backward should be, but without the factor 2. */
  static void wrongBackward(FloatArray m, IntArray d) {
    int rows = d.get(Places.ROWS);
    int length = d.get(Places.LENGTH);
    int x = d.get(Places.X);
    int energy = d.get(Places.ENERGY);
    int gradX = d.get(Places.GRAD_X);
    for (@Parallel int t = 0; t < rows; t++) {
      float factor = m.get(energy + t);
      for (int i = 0; i < length; i++) {
        m.set(gradX + t * length + i, m.get(x + t * length + i) * factor);
      }
    }
  }

  private static Float16 square(Float16 x, Float16 sum) {
    return Lanes.mulAdd(x, x, sum);
  }
}
