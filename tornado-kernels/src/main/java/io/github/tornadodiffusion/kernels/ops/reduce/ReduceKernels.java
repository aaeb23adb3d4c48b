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
  /** Places of {@link #sumPixels}. */
  static final class SumPixels {
    /** Iterations: images times groups. */
    static final int BOUND = 0;

    /** Groups of 16 channels of an image. */
    static final int GROUPS = 1;

    static final int H = 2;
    static final int W = 3;

    /** Channel stride. */
    static final int STRIDE = 4;

    /** First pixel. */
    static final int IN = 5;

    /** Floats from row to row. */
    static final int IN_ROW = 6;

    /** Floats from image to image. */
    static final int IN_IMAGE = 7;

    static final int OUT = 8;
    static final int SIZE = 9;

    private SumPixels() {}
  }

  /** Places of {@link #sumRows}: those of a sum, from FIRST on, are there for each of them. */
  static final class SumRows {
    /** Groups of {@link #GROUP} sums, of all sums of rows together. */
    static final int GROUPS = 0;

    /** How many sums of rows there are. */
    static final int SUMS = 1;

    /** Groups of earlier sums. */
    static final int FIRST = 2;

    /** Rows to sum. */
    static final int COUNT = 3;

    /** Floats of a row. */
    static final int LENGTH = 4;

    static final int ROWS = 5;
    static final int OUT = 6;

    /** 1 to add to the sums, 0 to overwrite them. */
    static final int ACCUMULATE = 7;

    /** Places of a sum. */
    static final int SIZE = 6;

    /** Sums of an iteration, whose threads read neighbours. */
    static final int GROUP = 128;

    private SumRows() {}
  }

  private ReduceKernels() {}

  /**
   * out[n][c] = sum over (y, x) of in[n][y][x][c]: in [images][H][W][STRIDE] with any border, out
   * [images][STRIDE]. The rows of an image first, then their sums, which keeps rounding errors
   * small.
   */
  static void sumPixels(FloatArray m, IntArray d) {
    int bound = d.get(SumPixels.BOUND);
    int groups = d.get(SumPixels.GROUPS);
    int h = d.get(SumPixels.H);
    int w = d.get(SumPixels.W);
    int stride = d.get(SumPixels.STRIDE);
    int in = d.get(SumPixels.IN);
    int inRow = d.get(SumPixels.IN_ROW);
    int inImage = d.get(SumPixels.IN_IMAGE);
    int out = d.get(SumPixels.OUT);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / groups;
      int group = (t - image * groups) * 16;
      for (@Parallel int part = 0; part < 16 / lanes; part++) {
        int lane = group + part * lanes;
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
   * Of each sum, out[j] = sum over i of rows[i][j]: rows [COUNT][LENGTH], out [LENGTH]. One
   * iteration: a group of columns of one of them.
   */
  static void sumRows(FloatArray m, IntArray d) {
    int bound = d.get(SumRows.GROUPS);
    int end = d.get(SumRows.SUMS) * SumRows.SIZE;
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int of = 0;
      for (int next = SumRows.SIZE; next < end; next += SumRows.SIZE) {
        of = d.get(next + SumRows.FIRST) <= t ? next : of;
      }
      int n = d.get(of + SumRows.COUNT);
      int length = d.get(of + SumRows.LENGTH);
      int column = (t - d.get(of + SumRows.FIRST)) * SumRows.GROUP;
      int rows = (d.get(of + SumRows.ROWS) + column) / lanes;
      int out = (d.get(of + SumRows.OUT) + column) / lanes;
      int accumulate = d.get(of + SumRows.ACCUMULATE);
      int vectors = Math.min(SumRows.GROUP, length - column) / lanes;
      for (@Parallel int j = 0; j < vectors; j++) {
        Float16 sum = Lanes.zero();
        for (int i = 0; i < n; i++) {
          sum = Lanes.add(sum, v.get(rows + i * (length / lanes) + j));
        }
        if (accumulate == 0) {
          v.set(out + j, sum);
        } else {
          v.set(out + j, Lanes.add(v.get(out + j), sum));
        }
      }
    }
  }
}
