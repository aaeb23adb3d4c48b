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
  /** Places of {@link #meanSquaredError}. */
  static final class MeanSquaredError {
    static final int IMAGES = 0;

    /** Rows of an image. */
    static final int H = 1;

    /** Floats of a row. */
    static final int PITCH = 2;

    /** Elements of an image, without padding. */
    static final int ELEMENTS = 3;

    /** Offset of the prediction. */
    static final int PREDICTION = 4;

    /** Offset of the target. */
    static final int TARGET = 5;

    /** Offset of the means. */
    static final int PER_IMAGE = 6;

    static final int SIZE = 7;

    private MeanSquaredError() {}
  }

  /** Places after prediction and target, the inputs of {@link #meanSquaredErrorBackward}. */
  static final class MeanSquaredErrorBackward {
    /** Elements of all images, without padding. */
    static final int ELEMENTS = Rows.IN + 2 * Rows.PER_INPUT;

    /** Offset of the weights of the images. */
    static final int WEIGHTS = ELEMENTS + 1;

    private MeanSquaredErrorBackward() {}
  }

  /** Vectors that are summed one after the other. */
  private static final int PART = 1024;

  private LossKernels() {}

  /**
   * perImage[n] = sum of (prediction[n] - target[n])^2 / elements; prediction and target
   * [images][h][pitch], perImage [images]. An iteration sums one image: parts of rows first, then
   * their sums, which keeps rounding errors small.
   */
  static void meanSquaredError(FloatArray m, IntArray d) {
    int images = d.get(MeanSquaredError.IMAGES);
    int h = d.get(MeanSquaredError.H);
    int pitch = d.get(MeanSquaredError.PITCH);
    int elements = d.get(MeanSquaredError.ELEMENTS);
    int prediction = d.get(MeanSquaredError.PREDICTION);
    int target = d.get(MeanSquaredError.TARGET);
    int perImage = d.get(MeanSquaredError.PER_IMAGE);
    for (@Parallel int n = 0; n < images; n++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      Float16 total = Lanes.zero();
      for (int y = 0; y < h; y++) {
        int p = (prediction + (n * h + y) * pitch) / lanes;
        int q = (target + (n * h + y) * pitch) / lanes;
        for (int start = 0; start < pitch / lanes; start += PART) {
          int end = Math.min(start + PART, pitch / lanes);
          Float16 part = Lanes.zero();
          for (int i = start; i < end; i++) {
            Float16 error = Lanes.sub(v.get(p + i), v.get(q + i));
            part = Lanes.mulAdd(error, error, part);
          }
          total = Lanes.add(total, part);
        }
      }
      m.set(perImage + n, Lanes.sum(total) / elements);
    }
  }

  /**
   * out[n] = weights[n] * 2 (prediction[n] - target[n]) / elements; weights [images], the others
   * [images, h, w, c]. An iteration writes one row, with the descriptor of {@link Rows}.
   */
  static void meanSquaredErrorBackward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int prediction = d.get(Rows.IN);
    int predictionRow = d.get(Rows.IN_ROW);
    int predictionImage = d.get(Rows.IN_IMAGE);
    int target = d.get(Rows.SECOND);
    int targetRow = d.get(Rows.SECOND_ROW);
    int targetImage = d.get(Rows.SECOND_IMAGE);
    int elements = d.get(MeanSquaredErrorBackward.ELEMENTS);
    int weights = d.get(MeanSquaredErrorBackward.WEIGHTS);
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
