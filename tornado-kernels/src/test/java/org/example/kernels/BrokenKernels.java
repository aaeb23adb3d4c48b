package org.example.kernels;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Methods that are no kernels, but for one. */
class BrokenKernels {
  private BrokenKernels() {}

  static void withoutLoop(FloatArray m, IntArray d) {
    m.set(d.get(1), 1f);
  }

  static void withoutIntArray(FloatArray m) {
    m.set(16, 1f);
  }

  void ofAnObject(FloatArray m, IntArray d) {
    m.set(d.get(1), 1f);
  }

  static void withForeignHelper(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      ownHelper(m, i);
    }
  }

  private static void ownHelper(FloatArray m, int i) {
    Helper.write(m, i);
  }

  static void withHelperOfNumbers(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int out = d.get(1);
    for (@Parallel int i = 0; i < bound; i++) {
      m.set(out + i, Helper.twice(i));
    }
  }

  static void withUnknownMethod(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      m.getSegment();
    }
  }

  /** Methods of another class than the kernel's. */
  static final class Helper {
    private Helper() {}

    static void write(FloatArray m, int i) {
      m.set(16 + i, 1f);
    }

    static float twice(float x) {
      return 2 * x;
    }
  }
}
