package io.github.tornadodiffusion.kernels.ops.reduce;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Reduce}: an iteration sums 16 neighbouring channels, so that the result does
 * not depend on lanes.
 */
public final class ReduceKernels {
  private ReduceKernels() {}

  /**
   * Sums the rows of an image first, then their sums, which keeps rounding errors small.
   * Descriptor: 0 iterations, 1 groups of 16 channels, 2 height, 3 width, 4 channel stride, 5 first
   * pixel, 6 floats from row to row, 7 from image to image, 8 sums.
   */
  static void sumPixels(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int groups = d.get(1);
    int h = d.get(2);
    int w = d.get(3);
    int stride = d.get(4);
    int in = d.get(5);
    int inRow = d.get(6);
    int inImage = d.get(7);
    int out = d.get(8);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / groups;
      int group = (t - image * groups) * 16;
      for (int lane = group; lane < group + 16; lane += lanes) {
        Float16 total = Lanes.zero();
        for (int y = 0; y < h; y++) {
          int at = (in + image * inImage + y * inRow + lane) / lanes;
          Float16 row = Lanes.zero();
          for (int x = 0; x < w; x++) {
            row = Lanes.add(row, v.get(at + x * (stride / lanes)));
          }
          total = Lanes.add(total, row);
        }
        v.set((out + image * stride + lane) / lanes, total);
      }
    }
  }

  /**
   * Descriptor: 0 iterations, 1 rows, 2 floats of a row, 3 rows' offset, 4 sums, 5 whether to add
   * to them.
   */
  static void sumRows(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int n = d.get(1);
    int length = d.get(2);
    int rows = d.get(3);
    int out = d.get(4);
    int accumulate = d.get(5);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      for (int lane = t * 16; lane < t * 16 + 16; lane += lanes) {
        Float16 sum = Lanes.zero();
        for (int i = 0; i < n; i++) {
          sum = Lanes.add(sum, v.get((rows + i * length + lane) / lanes));
        }
        int o = (out + lane) / lanes;
        if (accumulate == 0) {
          v.set(o, sum);
        } else {
          v.set(o, Lanes.add(v.get(o), sum));
        }
      }
    }
  }
}
