package io.github.tornadodiffusion.kernels.tornado;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernel that writes small data to the arena on a device of TornadoVM. */
final class TransferKernels {
  /** Places of a request: how many pieces there are. */
  static final int PIECES = 0;

  /** Of the first piece: offset in the arena. */
  static final int TO = 1;

  /** Of the first piece: offset in the staging array. */
  static final int FROM = 2;

  /** Of the first piece: floats. */
  static final int LENGTH = 3;

  /** Places from piece to piece. */
  static final int PER_PIECE = 3;

  private TransferKernels() {}

  /**
   * arena[to + j] = staging[from + j] for each j below the length of each piece. Pieces do not
   * overlap.
   */
  static void write(FloatArray m, IntArray request, FloatArray staging) {
    int bound = request.get(PIECES);
    for (@Parallel int i = 0; i < bound; i++) {
      int to = request.get(TO + PER_PIECE * i);
      int from = request.get(FROM + PER_PIECE * i);
      int length = request.get(LENGTH + PER_PIECE * i);
      for (@Parallel int j = 0; j < Lowering.PIECE; j++) {
        // A condition instead of a bound: TornadoVM assumes that an array which parallel loops
        // write unconditionally is overwritten completely, and would not transfer the arena to
        // the device.
        if (j < length) {
          m.set(to + j, staging.get(from + j));
        }
      }
    }
  }
}
