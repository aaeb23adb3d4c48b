package example;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** A kernel: {@code arena[offset + i] *= 2} for {@code count} floats. */
final class Doubling {
  static void twice(FloatArray arena, IntArray d) {
    int offset = d.get(0);
    int count = d.get(1);
    for (@Parallel int i = 0; i < count; i++) {
      arena.set(offset + i, 2 * arena.get(offset + i));
    }
  }
}
