package io.github.tornadodiffusion.kernels.ops.resample;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Resample}: an iteration writes one row, with the descriptor of {@link Rows}. In
 * and out are [n, h, w, c] of the same n and c; after the input comes the channel stride, then the
 * places that a kernel adds.
 */
public final class ResampleKernels {
  static final int STRIDE = Rows.IN + Rows.PER_INPUT;

  /** {@link #nearest}: the source row of each of h rows, then the source column of each column. */
  static final int SOURCES = STRIDE + 1;

  /**
   * {@link #nearestBackward}: for h rows, then for w columns, where the gradients of each start
   * and, at the end, where the last ones end: h + 1 and w + 1 numbers.
   */
  static final int STARTS = STRIDE + 1;

  /** {@link #averagePoolBackward}: rows of the gradient that is read. */
  static final int POOLED_H = STRIDE + 1;

  /** {@link #averagePoolBackward}: columns of the gradient that is read. */
  static final int POOLED_W = POOLED_H + 1;

  /** {@link #filter}: what the weights of one direction are divided by. */
  static final int DIVISOR = STRIDE + 1;

  /** {@link #filter}: pixels that an output reads in one direction. */
  static final int TAPS = DIVISOR + 1;

  /** {@link #filter}: for h rows, then for w columns, position and weight of each tap. */
  static final int TAP_TABLE = TAPS + 1;

  /** {@link #dilate}: distance of copied pixels. */
  static final int STEP = STRIDE + 1;

  private ResampleKernels() {}

  /** out[y][x] = in[sourceRow[y]][sourceColumn[x]]. */
  static void nearest(FloatArray m, IntArray d) {
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
    int stride = d.get(STRIDE);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int row = in + image * inImage + d.get(SOURCES + Rows.clamp(y, h)) * inRow;
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = (start + left + x * stride) / lanes;
        int from = (row + d.get(SOURCES + h + x) * stride) / lanes;
        for (@Parallel int i = 0; i < stride / lanes; i++) {
          v.set(o + i, v.get(from + i));
        }
      }
    }
  }

  /** out[y][x] = sum of grad[gy][gx], gy from startY[y] to startY[y + 1] - 1, gx likewise. */
  static void nearestBackward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int grad = d.get(Rows.IN);
    int gradRow = d.get(Rows.IN_ROW);
    int gradImage = d.get(Rows.IN_IMAGE);
    int stride = d.get(STRIDE);
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
      int fromY = d.get(STARTS + row);
      int toY = d.get(STARTS + 1 + row);
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int fromX = d.get(STARTS + 1 + h + x);
        int toX = d.get(STARTS + 2 + h + x);
        int o = (start + left + x * stride) / lanes;
        for (@Parallel int i = 0; i < stride / lanes; i++) {
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

  /** out[y][x] = mean of in[2y][2x], in[2y][2x + 1], in[2y + 1][2x] and in[2y + 1][2x + 1]. */
  static void averagePool(FloatArray m, IntArray d) {
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
    int stride = d.get(STRIDE);
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
        for (@Parallel int i = 0; i < next; i++) {
          Float16 a = Lanes.add(v.get(upper + i), v.get(upper + next + i));
          Float16 b = Lanes.add(v.get(lower + i), v.get(lower + next + i));
          v.set(o + i, Lanes.mul(Lanes.add(a, b), quarter));
        }
      }
    }
  }

  /**
   * out[y][x] = grad[y / 2][x / 2] / 4. The last row or column of an odd size belongs to no pool:
   * its gradient is zero.
   */
  static void averagePoolBackward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int grad = d.get(Rows.IN);
    int gradRow = d.get(Rows.IN_ROW);
    int gradImage = d.get(Rows.IN_IMAGE);
    int stride = d.get(STRIDE);
    int pooledH = d.get(POOLED_H);
    int pooledW = d.get(POOLED_W);
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
        for (@Parallel int i = 0; i < next; i++) {
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
   * out[y][x] = sum over taps a of row y and b of column x of weight_a weight_b in[row_a][column_b]
   * / divisor^2.
   */
  static void filter(FloatArray m, IntArray d) {
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
    int stride = d.get(STRIDE);
    int divisor = d.get(DIVISOR);
    int taps = d.get(TAPS);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int tapsY = TAP_TABLE + 2 * taps * Rows.clamp(y, h);
      int pixels = inner / stride;
      float share = 1f / (divisor * divisor);
      for (@Parallel int x = 0; x < pixels; x++) {
        int tapsX = TAP_TABLE + 2 * taps * (h + x);
        int o = (start + left + x * stride) / lanes;
        for (@Parallel int i = 0; i < stride / lanes; i++) {
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

  /** out[y][x] = in[y / step][x / step] where step divides both, else 0. */
  static void dilate(FloatArray m, IntArray d) {
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
    int stride = d.get(STRIDE);
    int step = d.get(STEP);
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
        int to = (start + left + x * step * stride) / lanes;
        int next = stride / lanes;
        int gap = x + 1 < pixels ? step : 1;
        for (@Parallel int i = 0; i < next; i++) {
          v.set(to + i, v.get(from + i));
          for (int k = 1; k < gap; k++) {
            v.set(to + k * next + i, Lanes.zero());
          }
        }
      }
    }
  }
}
