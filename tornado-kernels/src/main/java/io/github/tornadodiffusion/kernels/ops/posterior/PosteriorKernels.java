package io.github.tornadodiffusion.kernels.ops.posterior;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Posterior}: an iteration writes one row, with the descriptor of {@link Rows}.
 * All blocks are [n, h, w, c]. Padding lanes stay zero, because e^0 is 1.
 */
final class PosteriorKernels {
  /** Places after the input of {@link #bounded}. */
  static final class Bounded {
    /** Offset of the least value and, behind it, the largest. */
    static final int BOUNDS = Rows.IN + Rows.PER_INPUT;

    private Bounded() {}
  }

  /** Places after the inputs of {@link #boundedBackward}. */
  static final class BoundedBackward {
    /** As in {@link Bounded}. */
    static final int BOUNDS = Rows.IN + 2 * Rows.PER_INPUT;

    private BoundedBackward() {}
  }

  private PosteriorKernels() {}

  /** out = min(max(x, least), largest). */
  static void bounded(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int in = d.get(Rows.IN);
    int inRow = d.get(Rows.IN_ROW);
    int inImage = d.get(Rows.IN_IMAGE);
    int bounds = d.get(Bounded.BOUNDS);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      Float16 least = Lanes.splat(m.get(bounds));
      Float16 largest = Lanes.splat(m.get(bounds + 1));
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        v.set(o + i, Lanes.min(Lanes.max(v.get(inAt + i), least), largest));
      }
    }
  }

  /**
   * gradX = gradOut where x is between least and largest, otherwise 0: whether a difference is
   * positive is found by a large factor.
   */
  static void boundedBackward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int in = d.get(Rows.IN);
    int inRow = d.get(Rows.IN_ROW);
    int inImage = d.get(Rows.IN_IMAGE);
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
    int bounds = d.get(BoundedBackward.BOUNDS);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 least = Lanes.splat(m.get(bounds));
      Float16 largest = Lanes.splat(m.get(bounds + 1));
      Float16 one = Lanes.splat(1f);
      Float16 most = Lanes.splat(3e38f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 inside = Lanes.min(Lanes.sub(x, least), Lanes.sub(largest, x));
        Float16 slope = Lanes.min(one, Lanes.max(Lanes.zero(), Lanes.mul(inside, most)));
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** out = mean + exp(logvar / 2) noise. */
  static void drawn(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int mean = d.get(Rows.IN);
    int meanRow = d.get(Rows.IN_ROW);
    int meanImage = d.get(Rows.IN_IMAGE);
    int logvar = d.get(Rows.SECOND);
    int logvarRow = d.get(Rows.SECOND_ROW);
    int logvarImage = d.get(Rows.SECOND_IMAGE);
    int noise = d.get(Rows.THIRD);
    int noiseRow = d.get(Rows.THIRD + 1);
    int noiseImage = d.get(Rows.THIRD + 2);
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
      int meanAt = (mean + image * meanImage + y * meanRow) / lanes;
      int logvarAt = (logvar + image * logvarImage + y * logvarRow) / lanes;
      int noiseAt = (noise + image * noiseImage + y * noiseRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 deviation = Lanes.exp(Lanes.mul(v.get(logvarAt + i), half));
        v.set(o + i, Lanes.mulAdd(deviation, v.get(noiseAt + i), v.get(meanAt + i)));
      }
    }
  }

  /** gradLogvar = gradOut exp(logvar / 2) noise / 2. */
  static void drawnBackward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int logvar = d.get(Rows.IN);
    int logvarRow = d.get(Rows.IN_ROW);
    int logvarImage = d.get(Rows.IN_IMAGE);
    int noise = d.get(Rows.SECOND);
    int noiseRow = d.get(Rows.SECOND_ROW);
    int noiseImage = d.get(Rows.SECOND_IMAGE);
    int grad = d.get(Rows.THIRD);
    int gradRow = d.get(Rows.THIRD + 1);
    int gradImage = d.get(Rows.THIRD + 2);
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
      int logvarAt = (logvar + image * logvarImage + y * logvarRow) / lanes;
      int noiseAt = (noise + image * noiseImage + y * noiseRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 deviation = Lanes.exp(Lanes.mul(v.get(logvarAt + i), half));
        Float16 slope = Lanes.mul(Lanes.mul(deviation, v.get(noiseAt + i)), half);
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** out = (mean^2 + exp(logvar) - 1 - logvar) / 2. */
  static void divergence(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int mean = d.get(Rows.IN);
    int meanRow = d.get(Rows.IN_ROW);
    int meanImage = d.get(Rows.IN_IMAGE);
    int logvar = d.get(Rows.SECOND);
    int logvarRow = d.get(Rows.SECOND_ROW);
    int logvarImage = d.get(Rows.SECOND_IMAGE);
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
      int meanAt = (mean + image * meanImage + y * meanRow) / lanes;
      int logvarAt = (logvar + image * logvarImage + y * logvarRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      Float16 one = Lanes.splat(1f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 center = v.get(meanAt + i);
        Float16 log = v.get(logvarAt + i);
        Float16 spread = Lanes.sub(Lanes.sub(Lanes.exp(log), one), log);
        v.set(o + i, Lanes.mul(Lanes.mulAdd(center, center, spread), half));
      }
    }
  }

  /** gradLogvar = gradOut (exp(logvar) - 1) / 2. */
  static void divergenceBackward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int logvar = d.get(Rows.IN);
    int logvarRow = d.get(Rows.IN_ROW);
    int logvarImage = d.get(Rows.IN_IMAGE);
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int logvarAt = (logvar + image * logvarImage + y * logvarRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      Float16 one = Lanes.splat(1f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 slope = Lanes.mul(Lanes.sub(Lanes.exp(v.get(logvarAt + i)), one), half);
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** gradMean = gradOut mean. */
  static void divergenceByMean(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int mean = d.get(Rows.IN);
    int meanRow = d.get(Rows.IN_ROW);
    int meanImage = d.get(Rows.IN_IMAGE);
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int meanAt = (mean + image * meanImage + y * meanRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 r = Lanes.mul(v.get(gradAt + i), v.get(meanAt + i));
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }
}
