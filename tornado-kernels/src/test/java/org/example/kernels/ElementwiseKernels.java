package org.example.kernels;

import org.example.kernels.EnergyKernels.Places;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Has the simple name of a class of the project, and a kernel of the same name. */
final class ElementwiseKernels {
  private ElementwiseKernels() {}

  /** Copies rows with the sign changed. */
  static void copy(FloatArray m, IntArray d) {
    int rows = d.get(Places.ROWS);
    int length = d.get(Places.LENGTH);
    int x = d.get(Places.X);
    int gradX = d.get(Places.GRAD_X);
    for (@Parallel int t = 0; t < rows; t++) {
      for (int i = 0; i < length; i++) {
        m.set(gradX + t * length + i, 0f - m.get(x + t * length + i));
      }
    }
  }
}
