package io.github.tornadodiffusion.kernels.ops.resample;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Resample}: an iteration writes one row, as {@link Rows} lays out in the
 * descriptor; behind the input stands the channel stride.
 */
final class ResampleKernels {
  private ResampleKernels() {}

  /** Behind the stride stand the source row of every row and the source column of every column. */
  static void nearest(FloatArray m, IntArray d) {
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
    int stride = d.get(12);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int row = in + image * inImage + d.get(13 + Rows.clamp(y, h)) * inRow;
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = (start + left + x * stride) / lanes;
        int from = (row + d.get(13 + h + x) * stride) / lanes;
        for (int i = 0; i < stride / lanes; i++) {
          v.set(o + i, v.get(from + i));
        }
      }
    }
  }

  /**
   * Behind the stride stand, for every row and then for every column, where its gradients start; h
   * + 1 and w + 1 numbers.
   */
  static void nearestBackward(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int accumulate = d.get(8);
    int grad = d.get(9);
    int gradRow = d.get(10);
    int gradImage = d.get(11);
    int stride = d.get(12);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int row = Rows.clamp(y, h);
      int fromY = d.get(13 + row);
      int toY = d.get(14 + row);
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int fromX = d.get(14 + h + x);
        int toX = d.get(15 + h + x);
        int o = (start + left + x * stride) / lanes;
        for (int i = 0; i < stride / lanes; i++) {
          Float16 r = Lanes.zero();
          for (int gy = fromY; gy < toY; gy++) {
            for (int gx = fromX; gx < toX; gx++) {
              r =
                  Lanes.add(
                      r,
                      v.get((grad + image * gradImage + gy * gradRow + gx * stride) / lanes + i));
            }
          }
          if (accumulate == 0) {
            v.set(o + i, r);
          } else {
            v.set(o + i, Lanes.add(v.get(o + i), r));
          }
        }
      }
    }
  }

  static void averagePool(FloatArray m, IntArray d) {
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
    int stride = d.get(12);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      Float16 quarter = Lanes.splat(0.25f);
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = (start + left + x * stride) / lanes;
        int upper = (in + image * inImage + 2 * y * inRow + 2 * x * stride) / lanes;
        int lower = upper + inRow / lanes;
        int next = stride / lanes;
        for (int i = 0; i < next; i++) {
          Float16 a = Lanes.add(v.get(upper + i), v.get(upper + next + i));
          Float16 b = Lanes.add(v.get(lower + i), v.get(lower + next + i));
          v.set(o + i, Lanes.mul(Lanes.add(a, b), quarter));
        }
      }
    }
  }

  /**
   * Behind the stride stand height and width of the gradient that is read. The last row or column
   * of an odd size belongs to no pool: its gradient is zero.
   */
  static void averagePoolBackward(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int accumulate = d.get(8);
    int grad = d.get(9);
    int gradRow = d.get(10);
    int gradImage = d.get(11);
    int stride = d.get(12);
    int pooledH = d.get(13);
    int pooledW = d.get(14);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      Float16 quarter = Lanes.splat(0.25f);
      int pooled = Rows.inner(y, 2 * pooledH, 2 * pooledW);
      int o = (start + left) / lanes;
      int next = stride / lanes;
      for (@Parallel int x = 0; x < pooled; x++) {
        int from = (grad + image * gradImage + y / 2 * gradRow + x / 2 * stride) / lanes;
        for (int i = 0; i < next; i++) {
          Float16 r = Lanes.mul(v.get(from + i), quarter);
          if (accumulate == 0) {
            v.set(o + x * next + i, r);
          } else {
            v.set(o + x * next + i, Lanes.add(v.get(o + x * next + i), r));
          }
        }
      }
      if (accumulate == 0) {
        Lanes.clear(v, start + left + pooled * stride, inner - pooled * stride);
      }
    }
  }

  /**
   * Behind the stride stand a divisor and the number of taps, then for every row and then for every
   * column each tap's position and weight.
   */
  static void filter(FloatArray m, IntArray d) {
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
    int stride = d.get(12);
    int divisor = d.get(13);
    int taps = d.get(14);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int tapsY = 15 + 2 * taps * Rows.clamp(y, h);
      int pixels = inner / stride;
      float share = 1f / (divisor * divisor);
      for (int x = 0; x < pixels; x++) {
        int tapsX = 15 + 2 * taps * (h + x);
        int o = (start + left + x * stride) / lanes;
        for (int i = 0; i < stride / lanes; i++) {
          Float16 r = Lanes.zero();
          for (int a = 0; a < taps; a++) {
            int row = in + image * inImage + d.get(tapsY + 2 * a) * inRow;
            for (int b = 0; b < taps; b++) {
              int from = (row + d.get(tapsX + 2 * b) * stride) / lanes;
              float weight = d.get(tapsY + 2 * a + 1) * d.get(tapsX + 2 * b + 1) * share;
              r = Lanes.mulAdd(Lanes.splat(weight), v.get(from + i), r);
            }
          }
          if (accumulate == 0) {
            v.set(o + i, r);
          } else {
            v.set(o + i, Lanes.add(v.get(o + i), r));
          }
        }
      }
    }
  }

  /** Behind the stride stands the distance of copied pixels. */
  static void dilate(FloatArray m, IntArray d) {
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
    int stride = d.get(12);
    int step = d.get(13);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      // Rows and columns between the copied pixels are zero.
      int copied = y % step == 0 ? inner : 0;
      Lanes.clear(v, start + left + copied, inner - copied);
      int pixels = (copied / stride + step - 1) / step;
      for (@Parallel int x = 0; x < pixels; x++) {
        int from = (in + image * inImage + y / step * inRow + x * stride) / lanes;
        int to = start + left + x * step * stride;
        for (int i = 0; i < stride / lanes; i++) {
          v.set(to / lanes + i, v.get(from + i));
        }
        int gap = x + 1 < pixels ? (step - 1) * stride : 0;
        Lanes.clear(v, to + stride, gap);
      }
    }
  }
}
