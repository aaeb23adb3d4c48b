package io.github.tornadodiffusion.kernels.tornado;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What a TornadoVM device runs to bring small data into the arena. */
final class TransferKernels {
  private TransferKernels() {}

  /**
   * Copies pieces of the staging array to where they belong.
   *
   * @param request 0 pieces, then for every piece: offset in the arena, offset in the staging
   *     array, floats. Pieces do not overlap.
   */
  static void write(FloatArray m, IntArray request, FloatArray staging) {
    int bound = request.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      int to = request.get(1 + 3 * i);
      int from = request.get(2 + 3 * i);
      int length = request.get(3 + 3 * i);
      for (@Parallel int j = 0; j < Lowering.PIECE; j++) {
        // A condition, not the bound: TornadoVM takes an array that parallel loops write without
        // one to be overwritten as a whole, and would not bring the arena to the device.
        if (j < length) {
          m.set(to + j, staging.get(from + j));
        }
      }
    }
  }
}
