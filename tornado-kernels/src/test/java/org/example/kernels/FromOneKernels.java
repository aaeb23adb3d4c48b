package org.example.kernels;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** A kernel whose loop starts at 1. */
final class FromOneKernels {
  private FromOneKernels() {}

  static void fromOne(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 1; i < bound; i++) {
      m.set(16 + i, 1f);
    }
  }
}
