package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The transforms of {@link Winograd}. What is transformed lies in 36 planes, plane 6 r + s for row
 * r and column s of a patch. A transform of a patch is one pass down its columns into the planes,
 * and one along its rows within them.
 *
 * <p>Each pass is a method of its own with one loop and at most some 30 operations on vectors: what
 * C2 compiles without boxes, see {@link ConvKernels}.
 */
public final class WinogradKernels {
  /** Rows and columns of a patch of the input. */
  private static final int PATCH = 6;

  /** Rows and columns of results that a patch leads to. */
  private static final int RESULTS = 4;

  /** Input channels of an iteration over weights. */
  private static final int CHANNELS = 8;

  // The points are 0, A, -A, B, -B and infinity: their powers, and what their polynomials are
  // divided by.
  private static final float A = 0.75f;
  private static final float B = 1.5f;
  private static final float A2 = A * A;
  private static final float B2 = B * B;
  private static final float A3 = A2 * A;
  private static final float B3 = B2 * B;
  private static final float BY_0 = 1f / (A2 * B2);
  private static final float BY_A = 1f / (2f * A2 * (A2 - B2));
  private static final float BY_B = 1f / (2f * B2 * (B2 - A2));

  /** Places of {@link #input}, {@link #gradient} and {@link #output}: which patches. */
  static final class Patches {
    /** Patches of a call: neighbours in a row, then rows, then images. */
    static final int COUNT = 0;

    /** The number of the first. */
    static final int FIRST = 1;

    /** Patches of a row of an image. */
    static final int ACROSS = 2;

    /** Rows of patches of an image. */
    static final int DOWN = 3;

    /** Channels of a pixel. */
    static final int CHANNELS = 4;

    /** The first plane. */
    static final int PLANES = 5;

    /** Floats from plane to plane. */
    static final int PLANE = 6;

    /** The images: what is transformed, or for {@link #output} what it leads to. */
    static final int PIXELS = 7;

    /** Floats from row to row of an image. */
    static final int ROW = 8;

    /** Floats from image to image. */
    static final int IMAGE = 9;

    /** Rows of an image, with the border of an input. */
    static final int H = 10;

    /** Pixels of a row, with the border of an input. */
    static final int W = 11;

    static final int SIZE = 12;

    private Patches() {}
  }

  /** Further places of {@link #output}, with the meaning that they have in a convolution. */
  static final class Output {
    static final int START = Patches.SIZE;
    static final int START_PIXEL = Patches.SIZE + 1;
    static final int START_CHANNEL = Patches.SIZE + 2;
    static final int BIAS = Patches.SIZE + 3;
    static final int PER_IMAGE = Patches.SIZE + 4;
    static final int SIZE = Patches.SIZE + 5;

    private Output() {}
  }

  /** Places of {@link #weights} and {@link #weightGradient}. */
  static final class Weights {
    /** Panels of 16 output channels. */
    static final int PANELS = 0;

    /** Input channels, with padding. */
    static final int CIN = 1;

    /** The weights of the first panel, or their gradient. */
    static final int WEIGHTS = 2;

    /** The first plane: [PANELS][CIN][16]. */
    static final int PLANES = 3;

    /** Floats from plane to plane. */
    static final int PLANE = 4;

    /** 1 to add to the gradient of the weights, 0 to overwrite it. */
    static final int ACCUMULATE = 5;

    static final int SIZE = 6;

    private Weights() {}
  }

  private WinogradKernels() {}

  /**
   * planes[6 r + s][t][c] = sum over (i, j) of bt[r][i] bt[s][j] x[i][j][c] for the 6 x 6 pixels x
   * of patch t; pixels beyond the edge of the image are zeros. An iteration transforms a patch.
   */
  static void input(FloatArray m, IntArray d) {
    int bound = d.get(Patches.COUNT);
    for (@Parallel int t = 0; t < bound; t++) {
      int channels = d.get(Patches.CHANNELS);
      int plane = d.get(Patches.PLANE);
      int row = d.get(Patches.ROW);
      int number = d.get(Patches.FIRST) + t;
      int x = number % d.get(Patches.ACROSS) * RESULTS;
      int y = number / d.get(Patches.ACROSS) % d.get(Patches.DOWN) * RESULTS;
      int image = number / d.get(Patches.ACROSS) / d.get(Patches.DOWN);
      int from = d.get(Patches.PIXELS) + image * d.get(Patches.IMAGE) + y * row + x * channels;
      int to = d.get(Patches.PLANES) + t * channels;
      int rows = Math.min(PATCH, d.get(Patches.H) - y);
      int columns = Math.min(PATCH, d.get(Patches.W) - x);
      int line = PATCH * plane;
      inputPass(m, from, channels, row, rows, columns, to, plane, line, channels);
      inputPass(m, to, line, plane, PATCH, PATCH, to, line, plane, channels);
    }
  }

  /**
   * The same for a 4 x 4 patch of an output gradient and the matrix a, into planes of panels
   * [channels / 16][COUNT][16].
   */
  static void gradient(FloatArray m, IntArray d) {
    int bound = d.get(Patches.COUNT);
    for (@Parallel int t = 0; t < bound; t++) {
      int channels = d.get(Patches.CHANNELS);
      int plane = d.get(Patches.PLANE);
      int row = d.get(Patches.ROW);
      int panel = d.get(Patches.COUNT) * 16;
      int number = d.get(Patches.FIRST) + t;
      int x = number % d.get(Patches.ACROSS) * RESULTS;
      int y = number / d.get(Patches.ACROSS) % d.get(Patches.DOWN) * RESULTS;
      int image = number / d.get(Patches.ACROSS) / d.get(Patches.DOWN);
      int from = d.get(Patches.PIXELS) + image * d.get(Patches.IMAGE) + y * row + x * channels;
      int to = d.get(Patches.PLANES) + t * 16;
      int rows = Math.min(RESULTS, d.get(Patches.H) - y);
      int columns = Math.min(RESULTS, d.get(Patches.W) - x);
      int line = PATCH * plane;
      for (int s = 0; s < RESULTS; s++) {
        int there = s < columns ? rows : 0;
        int at = to + s * plane;
        gradientPass(m, from + s * channels, 0, row, there, 16, 1, at, line, panel, channels);
      }
      gradientPass(m, to, line, plane, RESULTS, panel, PATCH, to, plane, panel, channels);
    }
  }

  /**
   * out[i][j] = start + bias + perImage + sum over (r, s) of at[i][r] at[j][s] planes[6 r + s][t]
   * for the 4 x 4 results of patch t, as far as they are within the image. An iteration transforms
   * a patch, and leaves other numbers in its planes.
   */
  static void output(FloatArray m, IntArray d) {
    int bound = d.get(Patches.COUNT);
    for (@Parallel int t = 0; t < bound; t++) {
      int channels = d.get(Patches.CHANNELS);
      int plane = d.get(Patches.PLANE);
      int number = d.get(Patches.FIRST) + t;
      int x = number % d.get(Patches.ACROSS) * RESULTS;
      int y = number / d.get(Patches.ACROSS) % d.get(Patches.DOWN) * RESULTS;
      int image = number / d.get(Patches.ACROSS) / d.get(Patches.DOWN);
      int width = d.get(Patches.W);
      int from = d.get(Patches.PLANES) + t * channels;
      int line = PATCH * plane;
      int rows = Math.min(RESULTS, d.get(Patches.H) - y);
      int columns = Math.min(RESULTS, width - x);
      outputPass(m, from, plane, line, PATCH, channels);
      outputPass(m, from, line, plane, rows, channels);
      for (int r = 0; r < rows; r++) {
        int pixel = (image * d.get(Patches.H) + y + r) * width + x;
        int at = from + r * line;
        for (int i = 0; i < columns; i++) {
          int out = d.get(Patches.PIXELS) + (pixel + i) * channels;
          int start = d.get(Output.START) + (pixel + i) * d.get(Output.START_PIXEL);
          add(m, at + i * plane, start, d.get(Output.START_CHANNEL), out, channels);
          if (d.get(Output.BIAS) >= 0) {
            add(m, out, d.get(Output.BIAS), 1, out, channels);
          }
          if (d.get(Output.PER_IMAGE) >= 0) {
            add(m, out, d.get(Output.PER_IMAGE) + image * channels, 1, out, channels);
          }
        }
      }
    }
  }

  /**
   * planes[6 r + s] = sum over (i, j) of g[r][i] g[s][j] weights[i][j], for weights
   * [PANELS][3][3][CIN][16]. An iteration transforms 8 input channels of a panel.
   */
  static void weights(FloatArray m, IntArray d) {
    int bound = d.get(Weights.PANELS) * (d.get(Weights.CIN) / CHANNELS);
    for (@Parallel int t = 0; t < bound; t++) {
      int blocks = d.get(Weights.CIN) / CHANNELS;
      int plane = d.get(Weights.PLANE);
      int tap = d.get(Weights.CIN) * 16;
      int run = CHANNELS * 16;
      int from = d.get(Weights.WEIGHTS) + t / blocks * 9 * tap + t % blocks * run;
      int to = d.get(Weights.PLANES) + t * run;
      int line = PATCH * plane;
      weightsPass(m, from, tap, 3 * tap, 3, to, plane, line, run);
      weightsPass(m, to, line, plane, PATCH, to, line, plane, run);
    }
  }

  /**
   * weights[i][j] = sum over (r, s) of gt[i][r] gt[j][s] planes[6 r + s], or added to them. An
   * iteration transforms 8 input channels of a panel, and leaves other numbers in its planes.
   */
  static void weightGradient(FloatArray m, IntArray d) {
    int bound = d.get(Weights.PANELS) * (d.get(Weights.CIN) / CHANNELS);
    for (@Parallel int t = 0; t < bound; t++) {
      int blocks = d.get(Weights.CIN) / CHANNELS;
      int plane = d.get(Weights.PLANE);
      int tap = d.get(Weights.CIN) * 16;
      int run = CHANNELS * 16;
      int from = d.get(Weights.PLANES) + t * run;
      int to = d.get(Weights.WEIGHTS) + t / blocks * 9 * tap + t % blocks * run;
      int line = PATCH * plane;
      int accumulate = d.get(Weights.ACCUMULATE);
      weightGradientPass(m, from, plane, line, PATCH, from, plane, line, 0, run);
      weightGradientPass(m, from, line, plane, 3, to, 3 * tap, tap, accumulate, run);
    }
  }

  /**
   * Six floats times bt, for each of six lines of {@code count} floats: those beyond the first
   * {@code there}, and lines beyond the first {@code lines}, are the zeros that the arena starts
   * with.
   *
   * @param line floats from line to line
   * @param step floats from one of the six to the next
   */
  private static void inputPass(
      FloatArray m,
      int from,
      int line,
      int step,
      int there,
      int lines,
      int to,
      int toLine,
      int toStep,
      int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int by = toStep / lanes;
    int vectors = count / lanes;
    Float16 a = Lanes.splat(A);
    Float16 minusA = Lanes.splat(-A);
    Float16 b = Lanes.splat(B);
    Float16 minusB = Lanes.splat(-B);
    Float16 minusA2 = Lanes.splat(-A2);
    Float16 minusB2 = Lanes.splat(-B2);
    Float16 sum = Lanes.splat(-A2 - B2);
    Float16 product = Lanes.splat(A2 * B2);
    for (int l = 0; l < PATCH; l++) {
      int rows = l < lines ? there : 0;
      int i0 = 0 < rows ? 1 : 0;
      int i1 = 1 < rows ? 1 : 0;
      int i2 = 2 < rows ? 1 : 0;
      int i3 = 3 < rows ? 1 : 0;
      int i4 = 4 < rows ? 1 : 0;
      int i5 = 5 < rows ? 1 : 0;
      int s = from + l * line;
      int s0 = i0 * s / lanes;
      int s1 = i1 * (s + step) / lanes;
      int s2 = i2 * (s + 2 * step) / lanes;
      int s3 = i3 * (s + 3 * step) / lanes;
      int s4 = i4 * (s + 4 * step) / lanes;
      int s5 = i5 * (s + 5 * step) / lanes;
      int t = (to + l * toLine) / lanes;
      for (int i = 0; i < vectors; i++) {
        Float16 x0 = v.get(s0 + i * i0);
        Float16 x1 = v.get(s1 + i * i1);
        Float16 x2 = v.get(s2 + i * i2);
        Float16 x3 = v.get(s3 + i * i3);
        Float16 x4 = v.get(s4 + i * i4);
        Float16 x5 = v.get(s5 + i * i5);
        v.set(t + i, Lanes.mulAdd(x0, product, Lanes.mulAdd(x2, sum, x4)));
        Float16 even = Lanes.mulAdd(x2, minusB2, x4);
        Float16 odd = Lanes.mulAdd(x1, minusB2, x3);
        v.set(t + by + i, Lanes.mulAdd(odd, a, even));
        v.set(t + 2 * by + i, Lanes.mulAdd(odd, minusA, even));
        even = Lanes.mulAdd(x2, minusA2, x4);
        odd = Lanes.mulAdd(x1, minusA2, x3);
        v.set(t + 3 * by + i, Lanes.mulAdd(odd, b, even));
        v.set(t + 4 * by + i, Lanes.mulAdd(odd, minusB, even));
        v.set(t + 5 * by + i, Lanes.mulAdd(x1, product, Lanes.mulAdd(x3, sum, x5)));
      }
    }
  }

  /**
   * Four floats times a, for each of some lines; those beyond the first {@code there} are zeros.
   *
   * @param line floats from line to line, at {@code from} and at {@code to}
   * @param panel floats from 16 channels to the next ones at {@code from}
   * @param toPanel the same at {@code to}
   */
  private static void gradientPass(
      FloatArray m,
      int from,
      int line,
      int step,
      int there,
      int panel,
      int lines,
      int to,
      int toStep,
      int toPanel,
      int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int i0 = 0 < there ? 1 : 0;
    int i1 = 1 < there ? 1 : 0;
    int i2 = 2 < there ? 1 : 0;
    int i3 = 3 < there ? 1 : 0;
    int by = toStep / lanes;
    Float16 a = Lanes.splat(A);
    Float16 b = Lanes.splat(B);
    Float16 a2 = Lanes.splat(A2);
    Float16 b2 = Lanes.splat(B2);
    Float16 a3 = Lanes.splat(A3);
    Float16 b3 = Lanes.splat(B3);
    for (int l = 0; l < lines; l++) {
      for (int c = 0; c < count; c += lanes) {
        int s = from + l * line + (c >> 4) * panel + (c & 15);
        int t = (to + l * line + (c >> 4) * toPanel + (c & 15)) / lanes;
        Float16 x0 = v.get(i0 * s / lanes);
        Float16 x1 = v.get(i1 * (s + step) / lanes);
        Float16 x2 = v.get(i2 * (s + 2 * step) / lanes);
        Float16 x3 = v.get(i3 * (s + 3 * step) / lanes);
        v.set(t, x0);
        Float16 even = Lanes.mulAdd(x2, a2, x0);
        Float16 odd = Lanes.mulAdd(x3, a3, Lanes.mul(x1, a));
        v.set(t + by, Lanes.add(even, odd));
        v.set(t + 2 * by, Lanes.sub(even, odd));
        even = Lanes.mulAdd(x2, b2, x0);
        odd = Lanes.mulAdd(x3, b3, Lanes.mul(x1, b));
        v.set(t + 3 * by, Lanes.add(even, odd));
        v.set(t + 4 * by, Lanes.sub(even, odd));
        v.set(t + 5 * by, x3);
      }
    }
  }

  /** Six floats times at, for each of some lines: results take the places of the first four. */
  private static void outputPass(FloatArray m, int at, int line, int step, int lines, int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int by = step / lanes;
    Float16 a = Lanes.splat(A);
    Float16 b = Lanes.splat(B);
    Float16 a2 = Lanes.splat(A2);
    Float16 b2 = Lanes.splat(B2);
    Float16 a3 = Lanes.splat(A3);
    Float16 b3 = Lanes.splat(B3);
    int vectors = count / lanes;
    for (int l = 0; l < lines; l++) {
      int s = (at + l * line) / lanes;
      for (int i = 0; i < vectors; i++) {
        Float16 x0 = v.get(s + i);
        Float16 x1 = v.get(s + by + i);
        Float16 x2 = v.get(s + 2 * by + i);
        Float16 x3 = v.get(s + 3 * by + i);
        Float16 x4 = v.get(s + 4 * by + i);
        Float16 x5 = v.get(s + 5 * by + i);
        Float16 sumA = Lanes.add(x1, x2);
        Float16 sumB = Lanes.add(x3, x4);
        Float16 differenceA = Lanes.sub(x1, x2);
        Float16 differenceB = Lanes.sub(x3, x4);
        v.set(s + i, Lanes.add(Lanes.add(x0, sumA), sumB));
        v.set(s + by + i, Lanes.mulAdd(differenceA, a, Lanes.mul(differenceB, b)));
        v.set(s + 2 * by + i, Lanes.mulAdd(sumA, a2, Lanes.mul(sumB, b2)));
        v.set(s + 3 * by + i, Lanes.mulAdd(differenceA, a3, Lanes.mulAdd(differenceB, b3, x5)));
      }
    }
  }

  /** to = x + y, where y is one float for all channels if {@code yStep} is 0. */
  private static void add(FloatArray m, int x, int y, int yStep, int to, int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int vectors = count / lanes;
    for (int i = 0; i < vectors; i++) {
      v.set(to / lanes + i, Lanes.add(v.get(x / lanes + i), v.get(y / lanes + i * yStep)));
    }
  }

  /** Three floats times g, for each of some lines. */
  private static void weightsPass(
      FloatArray m,
      int from,
      int line,
      int step,
      int lines,
      int to,
      int toLine,
      int toStep,
      int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int sBy = step / lanes;
    int by = toStep / lanes;
    Float16 by0 = Lanes.splat(BY_0);
    Float16 byA = Lanes.splat(BY_A);
    Float16 byB = Lanes.splat(BY_B);
    Float16 a = Lanes.splat(A * BY_A);
    Float16 b = Lanes.splat(B * BY_B);
    Float16 a2 = Lanes.splat(A2 * BY_A);
    Float16 b2 = Lanes.splat(B2 * BY_B);
    int vectors = count / lanes;
    for (int l = 0; l < lines; l++) {
      int s = (from + l * line) / lanes;
      int t = (to + l * toLine) / lanes;
      for (int i = 0; i < vectors; i++) {
        Float16 x0 = v.get(s + i);
        Float16 x1 = v.get(s + sBy + i);
        Float16 x2 = v.get(s + 2 * sBy + i);
        v.set(t + i, Lanes.mul(x0, by0));
        Float16 even = Lanes.mulAdd(x2, a2, Lanes.mul(x0, byA));
        Float16 odd = Lanes.mul(x1, a);
        v.set(t + by + i, Lanes.add(even, odd));
        v.set(t + 2 * by + i, Lanes.sub(even, odd));
        even = Lanes.mulAdd(x2, b2, Lanes.mul(x0, byB));
        odd = Lanes.mul(x1, b);
        v.set(t + 3 * by + i, Lanes.add(even, odd));
        v.set(t + 4 * by + i, Lanes.sub(even, odd));
        v.set(t + 5 * by + i, x2);
      }
    }
  }

  /**
   * Six floats times gt, for each of some lines.
   *
   * @param added whether what is at {@code to} is added (1), or not (0)
   */
  private static void weightGradientPass(
      FloatArray m,
      int from,
      int line,
      int step,
      int lines,
      int to,
      int toLine,
      int toStep,
      int added,
      int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int sBy = step / lanes;
    int by = toStep / lanes;
    Float16 by0 = Lanes.splat(BY_0);
    Float16 byA = Lanes.splat(BY_A);
    Float16 byB = Lanes.splat(BY_B);
    Float16 a = Lanes.splat(A * BY_A);
    Float16 b = Lanes.splat(B * BY_B);
    Float16 a2 = Lanes.splat(A2 * BY_A);
    Float16 b2 = Lanes.splat(B2 * BY_B);
    int vectors = count / lanes;
    for (int l = 0; l < lines; l++) {
      int s = (from + l * line) / lanes;
      int t = (to + l * toLine) / lanes;
      for (int i = 0; i < vectors; i++) {
        Float16 x0 = v.get(s + i);
        Float16 x1 = v.get(s + sBy + i);
        Float16 x2 = v.get(s + 2 * sBy + i);
        Float16 x3 = v.get(s + 3 * sBy + i);
        Float16 x4 = v.get(s + 4 * sBy + i);
        Float16 x5 = v.get(s + 5 * sBy + i);
        Float16 sumA = Lanes.add(x1, x2);
        Float16 sumB = Lanes.add(x3, x4);
        Float16 differenceA = Lanes.sub(x1, x2);
        Float16 differenceB = Lanes.sub(x3, x4);
        // What is not added are the zeros that the arena starts with.
        Float16 w0 = v.get(added * (t + i));
        Float16 w1 = v.get(added * (t + by + i));
        Float16 w2 = v.get(added * (t + 2 * by + i));
        w0 = Lanes.mulAdd(sumB, byB, w0);
        v.set(t + i, Lanes.mulAdd(x0, by0, Lanes.mulAdd(sumA, byA, w0)));
        w1 = Lanes.mulAdd(differenceB, b, w1);
        v.set(t + by + i, Lanes.mulAdd(differenceA, a, w1));
        w2 = Lanes.mulAdd(sumB, b2, Lanes.add(x5, w2));
        v.set(t + 2 * by + i, Lanes.mulAdd(sumA, a2, w2));
      }
    }
  }
}
