package io.github.tornadodiffusion.kernels.ops.elementwise;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Elementwise}: an iteration writes one row, as {@link Rows} lays out in the
 * descriptor.
 */
final class ElementwiseKernels {
  private ElementwiseKernels() {}

  static void copy(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int accumulate = d.get(8);
    int in = d.get(9);
    int inRow = d.get(10);
    int inImage = d.get(11);
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

  static void add(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int a = d.get(9);
    int aRow = d.get(10);
    int aImage = d.get(11);
    int b = d.get(12);
    int bRow = d.get(13);
    int bImage = d.get(14);
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

  /** Behind the input stands the offset of the factor. */
  static void scale(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int accumulate = d.get(8);
    int in = d.get(9);
    int inRow = d.get(10);
    int inImage = d.get(11);
    int factor = d.get(12);
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

  /** Behind the input stand channels, channel stride, offsets of the factor and of the term. */
  static void affine(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int in = d.get(9);
    int inRow = d.get(10);
    int inImage = d.get(11);
    int c = d.get(12);
    int stride = d.get(13);
    int factor = d.get(14);
    int term = d.get(15);
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
        for (int i = 0; i < whole; i++) {
          v.set(o / lanes + i, Lanes.mulAdd(v.get(inAt / lanes + i), fs, gs));
        }
        for (int i = whole * lanes; i < c; i++) {
          m.set(o + i, m.get(inAt + i) * f + g);
        }
        for (int i = c; i < stride; i++) {
          m.set(o + i, 0f);
        }
      }
    }
  }
}
