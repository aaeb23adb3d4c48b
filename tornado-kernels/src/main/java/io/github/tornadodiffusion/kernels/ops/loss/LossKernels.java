package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/** Kernels of {@link Loss}. */
public final class LossKernels {
  private LossKernels() {}

  /**
   * An iteration sums one image: the rows first, then their sums, which keeps rounding errors
   * small. Descriptor: 0 images, 1 rows of an image, 2 floats of a row, 3 elements of an image
   * without padding, 4 prediction, 5 target, 6 means.
   */
  static void meanSquaredError(FloatArray m, IntArray d) {
    int images = d.get(0);
    int h = d.get(1);
    int pitch = d.get(2);
    int elements = d.get(3);
    int prediction = d.get(4);
    int target = d.get(5);
    int perImage = d.get(6);
    for (@Parallel int n = 0; n < images; n++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      Float16 total = Lanes.zero();
      for (int y = 0; y < h; y++) {
        int p = (prediction + (n * h + y) * pitch) / lanes;
        int q = (target + (n * h + y) * pitch) / lanes;
        Float16 row = Lanes.zero();
        for (int i = 0; i < pitch / lanes; i++) {
          Float16 error = Lanes.sub(v.get(p + i), v.get(q + i));
          row = Lanes.mulAdd(error, error, row);
        }
        total = Lanes.add(total, row);
      }
      m.set(perImage + n, Lanes.sum(total) / elements);
    }
  }

  /**
   * A row as {@link Rows} lays out in the descriptor: reads prediction and target; behind them
   * stand the number of elements without padding and the offset of the images' weights.
   */
  static void meanSquaredErrorBackward(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int prediction = d.get(9);
    int predictionRow = d.get(10);
    int predictionImage = d.get(11);
    int target = d.get(12);
    int targetRow = d.get(13);
    int targetImage = d.get(14);
    int elements = d.get(15);
    int weights = d.get(16);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int o = (start + left) / lanes;
      int predictionAt = (prediction + image * predictionImage + y * predictionRow) / lanes;
      int targetAt = (target + image * targetImage + y * targetRow) / lanes;
      Float16 factor = Lanes.splat(m.get(weights + image) * (2f / elements));
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        v.set(o + i, Lanes.mul(Lanes.sub(v.get(predictionAt + i), v.get(targetAt + i)), factor));
      }
    }
  }
}
