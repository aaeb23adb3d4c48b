package io.github.tornadodiffusion.kernels.ops.elementwise;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Elementwise}: an iteration writes one row, with the descriptor of {@link Rows}.
 * All blocks are [n, h, w, c].
 */
final class ElementwiseKernels {
  /** Places after the input of {@link #scale}. */
  static final class Scale {
    /** Offset of the factor. */
    static final int FACTOR = Rows.IN + Rows.PER_INPUT;

    private Scale() {}
  }

  /** Places after the input of {@link #affine}. */
  static final class Affine {
    static final int CHANNELS = Rows.IN + Rows.PER_INPUT;
    static final int STRIDE = CHANNELS + 1;

    /** Offset of the factor. */
    static final int FACTOR = STRIDE + 1;

    /** Offset of the term. */
    static final int TERM = FACTOR + 1;

    private Affine() {}
  }

  private ElementwiseKernels() {}

  /** out = in. */
  static void copy(FloatArray m, IntArray d) {
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
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 r = v.get(inAt + i);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** out = a + b. */
  static void add(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int a = d.get(Rows.IN);
    int aRow = d.get(Rows.IN_ROW);
    int aImage = d.get(Rows.IN_IMAGE);
    int b = d.get(Rows.SECOND);
    int bRow = d.get(Rows.SECOND_ROW);
    int bImage = d.get(Rows.SECOND_IMAGE);
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
      int aAt = (a + image * aImage + y * aRow) / lanes;
      int bAt = (b + image * bImage + y * bRow) / lanes;
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        v.set(o + i, Lanes.add(v.get(aAt + i), v.get(bAt + i)));
      }
    }
  }

  /** out = factor * in. */
  static void scale(FloatArray m, IntArray d) {
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
    int factor = d.get(Scale.FACTOR);
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
      Float16 f = Lanes.splat(m.get(factor));
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 r = Lanes.mul(v.get(inAt + i), f);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** out = factor * in + term, in the channels; the padding lanes become zero. */
  static void affine(FloatArray m, IntArray d) {
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
    int c = d.get(Affine.CHANNELS);
    int stride = d.get(Affine.STRIDE);
    int factor = d.get(Affine.FACTOR);
    int term = d.get(Affine.TERM);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      float f = m.get(factor);
      float g = m.get(term);
      Float16 fs = Lanes.splat(f);
      Float16 gs = Lanes.splat(g);
      int whole = c / lanes;
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = start + left + x * stride;
        int inAt = in + image * inImage + y * inRow + x * stride;
        for (@Parallel int i = 0; i < stride / lanes; i++) {
          if (i < whole) {
            v.set(o / lanes + i, Lanes.mulAdd(v.get(inAt / lanes + i), fs, gs));
          } else {
            for (int j = i * lanes; j < i * lanes + lanes; j++) {
              m.set(o + j, j < c ? m.get(inAt + j) * f + g : 0f);
            }
          }
        }
      }
    }
  }
}
