package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernels behind {@link Winograd}. What is transformed lies in 36 planes, plane 6 r + s for row
 * r and column s of a patch. A transform is one pass down the columns of a patch and one along its
 * rows, the second within the planes.
 *
 * <p>Each pass and each register tile is a method of its own with one inner loop and at most some
 * 60 operations on vectors: what C2 compiles without boxes, see {@link ConvKernels}. Bounds that
 * are the same for all shapes come from the descriptor, because TornadoVM unrolls loops of constant
 * length.
 */
public final class WinogradKernels {
  /** Rows and columns of results that a patch leads to. */
  private static final int RESULTS = 4;

  /** Floats between planes, without which 36 of them would share few places of a cache. */
  static final int GAP = 16;

  /** Output channels of the weights that are transformed, used and forgotten. */
  static final int COLUMNS = 32;

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

  /** Floats of a patch's output that go through both passes while they are in the nearest cache. */
  private static final int NEAR = 256;

  /** Places of all kernels. */
  static final class Places {
    /** Rows and columns of a patch: 6. */
    static final int SIDE = 0;

    /** Planes: 36. */
    static final int PLANES = 1;

    /** Taps of a kernel: 9. */
    static final int TAPS = 2;

    /** Patches of the call: neighbours in a row, then rows, then images. */
    static final int PATCHES = 3;

    /** The number of the first among those of all images. */
    static final int FIRST = 4;

    /** Patches of a row of an image. */
    static final int ACROSS = 5;

    /** Rows of patches of an image. */
    static final int DOWN = 6;

    /** Input channels, with padding. */
    static final int CIN = 7;

    /** Output channels, with padding. */
    static final int COUT = 8;

    /** The first plane of input patches. */
    static final int INPUTS = 9;

    /** Floats from one plane of input patches to the next. */
    static final int INPUT_PLANE = 10;

    /** The first plane of weights, or of patches of the output gradient. */
    static final int OTHERS = 11;

    /** Floats from one plane of those to the next. */
    static final int OTHER_PLANE = 12;

    /** The weights or their gradient: [COUT / 16][3][3][CIN][16]. */
    static final int WEIGHTS = 13;

    /**
     * 1 if weights are those of a convolution whose input gradient is computed: [CIN / 16][3][3]
     * [COUT][16], to be flipped; or 1 to add to their gradient.
     */
    static final int FLAG = 14;

    /** Iterations that have scratch memory of their own. */
    static final int SLOTS = 15;

    /** Memory of the first slot. */
    static final int SCRATCH = 16;

    /** Floats of a slot. */
    static final int SLOT = 17;

    /** Patches, or input channels of a weight gradient, that a slot computes together. */
    static final int TOGETHER = 18;

    /** Floats of 16 input by 16 output channels: 256. */
    static final int BLOCK = 19;

    static final int SIZE = 20;

    private Places() {}
  }

  /** Further places of kernels that read or write images. */
  static final class Images {
    /** The images: what is transformed, with its border. */
    static final int IN = Places.SIZE;

    /** Floats from row to row of them. */
    static final int ROW = Places.SIZE + 1;

    /** Floats from image to image. */
    static final int IMAGE = Places.SIZE + 2;

    /** Rows of an image, with its border. */
    static final int IN_H = Places.SIZE + 3;

    /** Pixels of a row, with its border. */
    static final int IN_W = Places.SIZE + 4;

    /** Channels of a pixel. */
    static final int CHANNELS = Places.SIZE + 5;

    /** Floats from patch to patch in a plane. */
    static final int PATCH = Places.SIZE + 6;

    /** Floats from 16 channels to the next ones in a plane. */
    static final int PANEL = Places.SIZE + 7;

    static final int OUT = Places.SIZE + 8;
    static final int OUT_H = Places.SIZE + 9;
    static final int OUT_W = Places.SIZE + 10;

    // With the meaning that they have in a convolution.
    static final int START = Places.SIZE + 11;
    static final int START_PIXEL = Places.SIZE + 12;
    static final int START_CHANNEL = Places.SIZE + 13;
    static final int BIAS = Places.SIZE + 14;
    static final int PER_IMAGE = Places.SIZE + 15;
    static final int SIZE = Places.SIZE + 16;

    private Images() {}
  }

  private WinogradKernels() {}

  /**
   * planes[6 r + s][t][c] = sum over (i, j) of bt[r][i] bt[s][j] x[i][j][c] for the 6 x 6 pixels x
   * of patch t; pixels beyond the edge of the image are zeros. An iteration transforms a patch.
   */
  static void input(FloatArray m, IntArray d) {
    int bound = d.get(Places.PATCHES);
    for (@Parallel int t = 0; t < bound; t++) {
      int to = d.get(Places.INPUTS) + t * d.get(Images.PATCH);
      int plane = d.get(Places.INPUT_PLANE);
      inputPatch(m, d, d.get(Places.FIRST) + t, to, plane, d.get(Images.PANEL));
    }
  }

  /** The same for the 4 x 4 pixels of a patch of an output gradient, and the matrix a. */
  static void gradient(FloatArray m, IntArray d) {
    int bound = d.get(Places.PATCHES);
    for (@Parallel int t = 0; t < bound; t++) {
      int channels = d.get(Images.CHANNELS);
      int plane = d.get(Places.OTHER_PLANE);
      int side = d.get(Places.SIDE);
      int panel = d.get(Images.PANEL);
      int row = d.get(Images.ROW);
      int number = d.get(Places.FIRST) + t;
      int x = number % d.get(Places.ACROSS) * RESULTS;
      int y = number / d.get(Places.ACROSS) % d.get(Places.DOWN) * RESULTS;
      int image = number / d.get(Places.ACROSS) / d.get(Places.DOWN);
      int from = d.get(Images.IN) + image * d.get(Images.IMAGE) + y * row + x * channels;
      int to = d.get(Places.OTHERS) + t * d.get(Images.PATCH);
      int rows = d.get(Images.IN_H) - y;
      int columns = d.get(Images.IN_W) - x;
      int line = side * plane;
      // A patch that reaches beyond the edge is copied first. A loop, because TornadoVM loses
      // iterations of the loop around a branch.
      int edge = Math.min(rows, columns) < RESULTS ? 1 : 0;
      for (int i = 0; i < edge; i++) {
        copy(m, from, channels, row, rows, columns, side - 2, to, plane, line, panel);
      }
      int source = edge == 0 ? from : to;
      int next = edge == 0 ? channels : plane;
      int below = edge == 0 ? row : line;
      int group = edge == 0 ? 16 : panel;
      gradientPass(m, source, next, below, group, side - 2, to, plane, line, panel, channels);
      gradientPass(m, to, line, plane, panel, side, to, line, plane, panel, channels);
    }
  }

  /**
   * planes[6 r + s] = sum over (i, j) of g[r][i] g[s][j] weights[i][j], in panels [COUT / 16][CIN]
   * [16]. An iteration transforms 16 input channels of a panel.
   */
  static void weights(FloatArray m, IntArray d) {
    int bound = d.get(Places.COUT) / 16 * (d.get(Places.CIN) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      int blocks = d.get(Places.CIN) / 16;
      int to = d.get(Places.OTHERS) + t * 256;
      weightBlock(m, d, t / blocks, t % blocks * 16, to, d.get(Places.OTHER_PLANE));
    }
  }

  /**
   * out = start + bias + perImage + the convolution, from images and transformed weights. Each slot
   * takes its share of blocks of patches, and each block goes through all stages, so that its
   * planes stay in a core's cache.
   */
  static void forward(FloatArray m, IntArray d) {
    int bound = d.get(Places.SLOTS);
    for (@Parallel int slot = 0; slot < bound; slot++) {
      int cin = d.get(Places.CIN);
      int cout = d.get(Places.COUT);
      int planes = d.get(Places.PLANES);
      int patches = d.get(Places.PATCHES);
      int together = d.get(Places.TOGETHER);
      int inputs = d.get(Places.SCRATCH) + slot * d.get(Places.SLOT);
      int inputPlane = together * cin + GAP;
      int outputs = inputs + planes * inputPlane;
      int outputPlane = together * cout + GAP;
      int weights = d.get(Places.OTHERS);
      int weightPlane = d.get(Places.OTHER_PLANE);
      int next = d.get(Places.SLOTS) * together;
      for (int first = slot * together; first < patches; first += next) {
        int count = Math.min(together, patches - first);
        for (int t = 0; t < count; t++) {
          inputPatch(m, d, first + t, inputs + t * cin, inputPlane, 16);
        }
        for (int q = 0; q < planes; q++) {
          int from = inputs + q * inputPlane;
          int by = weights + q * weightPlane;
          multiply(m, from, cin, count, cin, by, cin * 16, cout, outputs + q * outputPlane, cout);
        }
        output(m, d, first, count, outputs, outputPlane, cout, 0, cout);
      }
    }
  }

  /**
   * The same from transformed images and from weights, for few patches. Each slot takes its share
   * of blocks of 32 output channels, whose weights it transforms, uses and forgets, some input
   * channels at a time.
   */
  static void forwardOfFew(FloatArray m, IntArray d) {
    int bound = d.get(Places.SLOTS);
    for (@Parallel int slot = 0; slot < bound; slot++) {
      int cin = d.get(Places.CIN);
      int cout = d.get(Places.COUT);
      int planes = d.get(Places.PLANES);
      int patches = d.get(Places.PATCHES);
      int weights = d.get(Places.SCRATCH) + slot * d.get(Places.SLOT);
      int weightPlane = cin * COLUMNS + GAP;
      int outputs = weights + planes * weightPlane;
      int outputPlane = (patches + 7) / 8 * 8 * COLUMNS + GAP;
      int next = d.get(Places.SLOTS) * COLUMNS;
      for (int o = slot * COLUMNS; o < cout; o += next) {
        int columns = Math.min(COLUMNS, cout - o);
        for (int k = 0; k < columns / 16 * cin; k += 16) {
          weightBlock(m, d, o / 16 + k / cin, k % cin, weights + k * 16, weightPlane);
        }
        for (int q = 0; q < planes; q++) {
          int from = d.get(Places.INPUTS) + q * d.get(Places.INPUT_PLANE);
          int by = weights + q * weightPlane;
          int to = outputs + q * outputPlane;
          multiply(m, from, cin, patches, cin, by, cin * 16, columns, to, COLUMNS);
        }
        output(m, d, 0, patches, outputs, outputPlane, COLUMNS, o, columns);
      }
    }
  }

  /**
   * The gradient of the weights from transformed images and output gradients in panels, [CIN / 16]
   * [PATCHES][16] and [COUT / 16][PATCHES][16]. Each slot takes its share of blocks of some input
   * and 32 output channels.
   */
  static void weightGradient(FloatArray m, IntArray d) {
    int bound = d.get(Places.SLOTS);
    for (@Parallel int slot = 0; slot < bound; slot++) {
      int cin = d.get(Places.CIN);
      int cout = d.get(Places.COUT);
      int side = d.get(Places.SIDE);
      int planes = d.get(Places.PLANES);
      int together = d.get(Places.TOGETHER);
      int products = d.get(Places.SCRATCH) + slot * d.get(Places.SLOT);
      int plane = together * COLUMNS + GAP;
      int line = side * plane;
      int tap = cin * 16;
      int blocks = (cin + together - 1) / together;
      int items = blocks * ((cout + COLUMNS - 1) / COLUMNS);
      int slots = d.get(Places.SLOTS);
      for (int item = slot; item < items; item += slots) {
        int c = item % blocks * together;
        int o = item / blocks * COLUMNS;
        int channels = Math.min(together, cin - c);
        int columns = Math.min(COLUMNS, cout - o);
        for (int q = 0; q < planes; q++) {
          multiplyTransposed(m, d, q, c, channels, o, columns, products + q * plane);
        }
        for (int p = 0; p < columns / 16; p++) {
          int from = products + p * channels * 16;
          int to = d.get(Places.WEIGHTS) + (o / 16 + p) * d.get(Places.TAPS) * tap + c * 16;
          int run = channels * 16;
          int flag = d.get(Places.FLAG);
          weightGradientPass(m, from, plane, line, side, from, plane, line, 0, run);
          weightGradientPass(m, from, line, plane, side - 3, to, 3 * tap, tap, flag, run);
        }
      }
    }
  }

  /** The planes of a patch of the input, whose first channel lies at {@code to} in each. */
  private static void inputPatch(
      FloatArray m, IntArray d, int number, int to, int plane, int panel) {
    int channels = d.get(Places.CIN);
    int side = d.get(Places.SIDE);
    int row = d.get(Images.ROW);
    int x = number % d.get(Places.ACROSS) * RESULTS;
    int y = number / d.get(Places.ACROSS) % d.get(Places.DOWN) * RESULTS;
    int image = number / d.get(Places.ACROSS) / d.get(Places.DOWN);
    int from = d.get(Images.IN) + image * d.get(Images.IMAGE) + y * row + x * channels;
    int rows = d.get(Images.IN_H) - y;
    int columns = d.get(Images.IN_W) - x;
    int line = side * plane;
    // A patch that reaches beyond the edge is copied first. A loop, because TornadoVM loses
    // iterations of the loop around a branch.
    int edge = Math.min(rows, columns) < side ? 1 : 0;
    for (int i = 0; i < edge; i++) {
      copy(m, from, channels, row, rows, columns, side, to, plane, line, panel);
    }
    int source = edge == 0 ? from : to;
    int next = edge == 0 ? channels : plane;
    int below = edge == 0 ? row : line;
    int group = edge == 0 ? 16 : panel;
    inputPass(m, source, next, below, group, side, to, plane, line, panel, channels);
    inputPass(m, to, line, plane, panel, side, to, line, plane, panel, channels);
  }

  /**
   * Copies a patch of {@code side} x {@code side} pixels; those beyond the edge of the image are
   * zeros.
   */
  private static void copy(
      FloatArray m,
      int from,
      int channels,
      int row,
      int rows,
      int columns,
      int side,
      int to,
      int toPixel,
      int toRow,
      int toPanel) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    for (int i = 0; i < side * side; i++) {
      int r = i / side;
      int s = i % side;
      // What lies beyond are the zeros that the arena starts with.
      int inside = r < rows && s < columns ? 1 : 0;
      for (int c = 0; c < channels; c += lanes) {
        int source = inside * (from + r * row + s * channels + c);
        int target = to + r * toRow + s * toPixel + (c >> 4) * toPanel + (c & 15);
        v.set(target / lanes, v.get(source / lanes));
      }
    }
  }

  /** The planes of 16 input channels from c on of a panel, which lie at {@code to} in each. */
  private static void weightBlock(FloatArray m, IntArray d, int panel, int c, int to, int plane) {
    int cin = d.get(Places.CIN);
    int cout = d.get(Places.COUT);
    int side = d.get(Places.SIDE);
    int taps = d.get(Places.TAPS);
    int block = d.get(Places.BLOCK);
    int tap = cin * 16;
    int line = side * plane;
    if (d.get(Places.FLAG) == 0) {
      int from = d.get(Places.WEIGHTS) + panel * taps * tap + c * 16;
      weightsPass(m, from, tap, 3 * tap, side - 3, to, plane, line, block);
    } else {
      int from = d.get(Places.WEIGHTS) + (c / 16 * taps * cout + panel * 16) * 16;
      for (int i = 0; i < taps * 16; i++) {
        int source = from + (taps - 1 - i / 16) * cout * 16 + i % 16;
        int target = to + i / 48 * line + i / 16 % 3 * plane + i % 16 * 16;
        for (int j = 0; j < 16; j++) {
          m.set(target + j, m.get(source + j * 16));
        }
      }
      weightsPass(m, to, plane, line, side - 3, to, plane, line, block);
    }
    weightsPass(m, to, line, plane, side, to, line, plane, block);
  }

  /**
   * Results of some patches from their planes [patch][channels], of the output channels from o on.
   */
  private static void output(
      FloatArray m,
      IntArray d,
      int first,
      int count,
      int from,
      int plane,
      int channels,
      int o,
      int columns) {
    int across = d.get(Places.ACROSS);
    int down = d.get(Places.DOWN);
    int side = d.get(Places.SIDE);
    int line = side * plane;
    int some = Math.max(1, NEAR / channels);
    for (int t = 0; t < count; t++) {
      if (t % some == 0) {
        int run = Math.min(some, count - t) * channels;
        outputPass(m, from + t * channels, plane, line, side, run);
      }
      int x = (first + t) % across * RESULTS;
      int y = (first + t) / across % down * RESULTS;
      int image = (first + t) / across / down;
      int rows = Math.min(RESULTS, d.get(Images.OUT_H) - y);
      for (int r = 0; r < rows; r++) {
        int pixel = (image * d.get(Images.OUT_H) + y + r) * d.get(Images.OUT_W) + x;
        int last = Math.min(RESULTS, d.get(Images.OUT_W) - x) - 1;
        outputRow(m, d, from + t * channels + r * line, plane, pixel, image, last, o, columns);
      }
    }
  }

  /** A product of matrices: c = a b. Rows of a and c are a multiple of 8. */
  private static void multiply(
      FloatArray m,
      int a,
      int aRow,
      int rows,
      int depth,
      int b,
      int panel,
      int columns,
      int c,
      int cRow) {
    int lanes = Lanes.width();
    for (int oa = 0; oa < columns; oa += 2 * lanes) {
      int ob = Math.min(oa + lanes, columns - lanes);
      int qa = b + oa / 16 * panel + oa % 16;
      int qb = b + ob / 16 * panel + ob % 16;
      for (int row = 0; row < rows; row += 8) {
        int out = c + row * cRow;
        tile(m, a + row * aRow, aRow, depth, qa, qb, out + oa, out + ob, cRow);
      }
    }
  }

  /** Products of plane q, [columns / 16][channels][16], summed over patches. */
  private static void multiplyTransposed(
      FloatArray m, IntArray d, int q, int c, int channels, int o, int columns, int to) {
    int lanes = Lanes.width();
    int patches = d.get(Places.PATCHES);
    int inputs = d.get(Places.INPUTS) + q * d.get(Places.INPUT_PLANE);
    int others = d.get(Places.OTHERS) + q * d.get(Places.OTHER_PLANE) + o * patches;
    for (int i = 0; i < channels; i += 8) {
      int at = inputs + (c + i) / 16 * patches * 16 + (c + i) % 16;
      for (int oa = 0; oa < columns; oa += 2 * lanes) {
        int ob = Math.min(oa + lanes, columns - lanes);
        int qa = others + oa / 16 * patches * 16 + oa % 16;
        int qb = others + ob / 16 * patches * 16 + ob % 16;
        int ta = to + (oa / 16 * channels + i) * 16 + oa % 16;
        int tb = to + (ob / 16 * channels + i) * 16 + ob % 16;
        tileTransposed(m, at, patches, qa, qb, ta, tb);
      }
    }
  }

  /**
   * The register tile of 8 rows of a by two vectors of columns, summed over the columns of a. Sums
   * start from zeros in registers: C2 boxes those that start from memory, at every tile.
   */
  private static void tile(
      FloatArray m, int a, int aRow, int depth, int qa, int qb, int ca, int cb, int cRow) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int wa = qa / lanes;
    int wb = qb / lanes;
    int sa = ca / lanes;
    int sb = cb / lanes;
    int by = cRow / lanes;
    int p1 = a + aRow;
    int p2 = a + 2 * aRow;
    int p3 = a + 3 * aRow;
    int p4 = a + 4 * aRow;
    int p5 = a + 5 * aRow;
    int p6 = a + 6 * aRow;
    int p7 = a + 7 * aRow;
    Float16 r0a = Lanes.zero();
    Float16 r0b = Lanes.zero();
    Float16 r1a = Lanes.zero();
    Float16 r1b = Lanes.zero();
    Float16 r2a = Lanes.zero();
    Float16 r2b = Lanes.zero();
    Float16 r3a = Lanes.zero();
    Float16 r3b = Lanes.zero();
    Float16 r4a = Lanes.zero();
    Float16 r4b = Lanes.zero();
    Float16 r5a = Lanes.zero();
    Float16 r5b = Lanes.zero();
    Float16 r6a = Lanes.zero();
    Float16 r6b = Lanes.zero();
    Float16 r7a = Lanes.zero();
    Float16 r7b = Lanes.zero();
    for (int k = 0; k < depth; k++) {
      Float16 ba = v.get(wa + k * step);
      Float16 bb = v.get(wb + k * step);
      Float16 s;
      s = Lanes.splat(m.get(a + k));
      r0a = Lanes.mulAdd(ba, s, r0a);
      r0b = Lanes.mulAdd(bb, s, r0b);
      s = Lanes.splat(m.get(p1 + k));
      r1a = Lanes.mulAdd(ba, s, r1a);
      r1b = Lanes.mulAdd(bb, s, r1b);
      s = Lanes.splat(m.get(p2 + k));
      r2a = Lanes.mulAdd(ba, s, r2a);
      r2b = Lanes.mulAdd(bb, s, r2b);
      s = Lanes.splat(m.get(p3 + k));
      r3a = Lanes.mulAdd(ba, s, r3a);
      r3b = Lanes.mulAdd(bb, s, r3b);
      s = Lanes.splat(m.get(p4 + k));
      r4a = Lanes.mulAdd(ba, s, r4a);
      r4b = Lanes.mulAdd(bb, s, r4b);
      s = Lanes.splat(m.get(p5 + k));
      r5a = Lanes.mulAdd(ba, s, r5a);
      r5b = Lanes.mulAdd(bb, s, r5b);
      s = Lanes.splat(m.get(p6 + k));
      r6a = Lanes.mulAdd(ba, s, r6a);
      r6b = Lanes.mulAdd(bb, s, r6b);
      s = Lanes.splat(m.get(p7 + k));
      r7a = Lanes.mulAdd(ba, s, r7a);
      r7b = Lanes.mulAdd(bb, s, r7b);
    }
    v.set(sa, r0a);
    v.set(sb, r0b);
    v.set(sa + by, r1a);
    v.set(sb + by, r1b);
    v.set(sa + 2 * by, r2a);
    v.set(sb + 2 * by, r2b);
    v.set(sa + 3 * by, r3a);
    v.set(sb + 3 * by, r3b);
    v.set(sa + 4 * by, r4a);
    v.set(sb + 4 * by, r4b);
    v.set(sa + 5 * by, r5a);
    v.set(sb + 5 * by, r5b);
    v.set(sa + 6 * by, r6a);
    v.set(sb + 6 * by, r6b);
    v.set(sa + 7 * by, r7a);
    v.set(sb + 7 * by, r7b);
  }

  /** The same for 8 input channels by two vectors of output channels, summed over patches. */
  private static void tileTransposed(
      FloatArray m, int at, int patches, int qa, int qb, int ta, int tb) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int wa = qa / lanes;
    int wb = qb / lanes;
    int sa = ta / lanes;
    int sb = tb / lanes;
    Float16 r0a = Lanes.zero();
    Float16 r0b = Lanes.zero();
    Float16 r1a = Lanes.zero();
    Float16 r1b = Lanes.zero();
    Float16 r2a = Lanes.zero();
    Float16 r2b = Lanes.zero();
    Float16 r3a = Lanes.zero();
    Float16 r3b = Lanes.zero();
    Float16 r4a = Lanes.zero();
    Float16 r4b = Lanes.zero();
    Float16 r5a = Lanes.zero();
    Float16 r5b = Lanes.zero();
    Float16 r6a = Lanes.zero();
    Float16 r6b = Lanes.zero();
    Float16 r7a = Lanes.zero();
    Float16 r7b = Lanes.zero();
    for (int t = 0; t < patches; t++) {
      Float16 ya = v.get(wa + t * step);
      Float16 yb = v.get(wb + t * step);
      int p = at + t * 16;
      Float16 s;
      s = Lanes.splat(m.get(p));
      r0a = Lanes.mulAdd(ya, s, r0a);
      r0b = Lanes.mulAdd(yb, s, r0b);
      s = Lanes.splat(m.get(p + 1));
      r1a = Lanes.mulAdd(ya, s, r1a);
      r1b = Lanes.mulAdd(yb, s, r1b);
      s = Lanes.splat(m.get(p + 2));
      r2a = Lanes.mulAdd(ya, s, r2a);
      r2b = Lanes.mulAdd(yb, s, r2b);
      s = Lanes.splat(m.get(p + 3));
      r3a = Lanes.mulAdd(ya, s, r3a);
      r3b = Lanes.mulAdd(yb, s, r3b);
      s = Lanes.splat(m.get(p + 4));
      r4a = Lanes.mulAdd(ya, s, r4a);
      r4b = Lanes.mulAdd(yb, s, r4b);
      s = Lanes.splat(m.get(p + 5));
      r5a = Lanes.mulAdd(ya, s, r5a);
      r5b = Lanes.mulAdd(yb, s, r5b);
      s = Lanes.splat(m.get(p + 6));
      r6a = Lanes.mulAdd(ya, s, r6a);
      r6b = Lanes.mulAdd(yb, s, r6b);
      s = Lanes.splat(m.get(p + 7));
      r7a = Lanes.mulAdd(ya, s, r7a);
      r7b = Lanes.mulAdd(yb, s, r7b);
    }
    v.set(sa, r0a);
    v.set(sb, r0b);
    v.set(sa + step, r1a);
    v.set(sb + step, r1b);
    v.set(sa + 2 * step, r2a);
    v.set(sb + 2 * step, r2b);
    v.set(sa + 3 * step, r3a);
    v.set(sb + 3 * step, r3b);
    v.set(sa + 4 * step, r4a);
    v.set(sb + 4 * step, r4b);
    v.set(sa + 5 * step, r5a);
    v.set(sb + 5 * step, r5b);
    v.set(sa + 6 * step, r6a);
    v.set(sb + 6 * step, r6b);
    v.set(sa + 7 * step, r7a);
    v.set(sb + 7 * step, r7b);
  }

  /**
   * Six floats times bt, for each of some lines.
   *
   * @param line floats from line to line
   * @param step floats from one of the six to the next
   * @param panel floats from 16 channels to the next ones
   */
  private static void inputPass(
      FloatArray m,
      int from,
      int line,
      int step,
      int panel,
      int lines,
      int to,
      int toLine,
      int toStep,
      int toPanel,
      int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int sBy = step / lanes;
    int by = toStep / lanes;
    Float16 a = Lanes.splat(A);
    Float16 minusA = Lanes.splat(-A);
    Float16 b = Lanes.splat(B);
    Float16 minusB = Lanes.splat(-B);
    Float16 minusA2 = Lanes.splat(-A2);
    Float16 minusB2 = Lanes.splat(-B2);
    Float16 sum = Lanes.splat(-A2 - B2);
    Float16 product = Lanes.splat(A2 * B2);
    for (int l = 0; l < lines; l++) {
      for (int c = 0; c < count; c += lanes) {
        int s = (from + l * line + (c >> 4) * panel + (c & 15)) / lanes;
        int t = (to + l * toLine + (c >> 4) * toPanel + (c & 15)) / lanes;
        Float16 x0 = v.get(s);
        Float16 x1 = v.get(s + sBy);
        Float16 x2 = v.get(s + 2 * sBy);
        Float16 x3 = v.get(s + 3 * sBy);
        Float16 x4 = v.get(s + 4 * sBy);
        Float16 x5 = v.get(s + 5 * sBy);
        v.set(t, Lanes.mulAdd(x0, product, Lanes.mulAdd(x2, sum, x4)));
        Float16 even = Lanes.mulAdd(x2, minusB2, x4);
        Float16 odd = Lanes.mulAdd(x1, minusB2, x3);
        v.set(t + by, Lanes.mulAdd(odd, a, even));
        v.set(t + 2 * by, Lanes.mulAdd(odd, minusA, even));
        even = Lanes.mulAdd(x2, minusA2, x4);
        odd = Lanes.mulAdd(x1, minusA2, x3);
        v.set(t + 3 * by, Lanes.mulAdd(odd, b, even));
        v.set(t + 4 * by, Lanes.mulAdd(odd, minusB, even));
        v.set(t + 5 * by, Lanes.mulAdd(x1, product, Lanes.mulAdd(x3, sum, x5)));
      }
    }
  }

  /** Four floats times a, likewise. */
  private static void gradientPass(
      FloatArray m,
      int from,
      int line,
      int step,
      int panel,
      int lines,
      int to,
      int toLine,
      int toStep,
      int toPanel,
      int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int sBy = step / lanes;
    int by = toStep / lanes;
    Float16 a = Lanes.splat(A);
    Float16 b = Lanes.splat(B);
    Float16 a2 = Lanes.splat(A2);
    Float16 b2 = Lanes.splat(B2);
    Float16 a3 = Lanes.splat(A3);
    Float16 b3 = Lanes.splat(B3);
    for (int l = 0; l < lines; l++) {
      for (int c = 0; c < count; c += lanes) {
        int s = (from + l * line + (c >> 4) * panel + (c & 15)) / lanes;
        int t = (to + l * toLine + (c >> 4) * toPanel + (c & 15)) / lanes;
        Float16 x0 = v.get(s);
        Float16 x1 = v.get(s + sBy);
        Float16 x2 = v.get(s + 2 * sBy);
        Float16 x3 = v.get(s + 3 * sBy);
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

  /**
   * Six floats times at, which are a row of four pixels: what they start from is added.
   *
   * @param pixel the first one's number among all of the output
   * @param last the number of the last one in the row that is within the image: those beyond it are
   *     stored before it, in its place
   */
  private static void outputRow(
      FloatArray m,
      IntArray d,
      int from,
      int plane,
      int pixel,
      int image,
      int last,
      int o,
      int count) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int cout = d.get(Places.COUT);
    int startPixel = d.get(Images.START_PIXEL) / lanes;
    int startChannel = d.get(Images.START_CHANNEL);
    // Without bias or vector for the image, the zeros that the arena starts with.
    int biased = d.get(Images.BIAS) < 0 ? 0 : 1;
    int added = d.get(Images.PER_IMAGE) < 0 ? 0 : 1;
    int bias = biased * (d.get(Images.BIAS) + o) / lanes;
    int perImage = added * (d.get(Images.PER_IMAGE) + image * cout + o) / lanes;
    int start =
        (d.get(Images.START) + pixel * d.get(Images.START_PIXEL) + o * startChannel) / lanes;
    int to = (d.get(Images.OUT) + pixel * cout + o) / lanes;
    int by = plane / lanes;
    int s = from / lanes;
    int o1 = Math.min(1, last);
    int o2 = Math.min(2, last);
    int o3 = Math.min(3, last);
    int to1 = to + o1 * cout / lanes;
    int to2 = to + o2 * cout / lanes;
    int to3 = to + o3 * cout / lanes;
    Float16 a = Lanes.splat(A);
    Float16 b = Lanes.splat(B);
    Float16 a2 = Lanes.splat(A2);
    Float16 b2 = Lanes.splat(B2);
    Float16 a3 = Lanes.splat(A3);
    Float16 b3 = Lanes.splat(B3);
    int vectors = count / lanes;
    for (int i = 0; i < vectors; i++) {
      Float16 x1 = v.get(s + by + i);
      Float16 x2 = v.get(s + 2 * by + i);
      Float16 x3 = v.get(s + 3 * by + i);
      Float16 x4 = v.get(s + 4 * by + i);
      Float16 more = Lanes.add(v.get(bias + i * biased), v.get(perImage + i * added));
      int at = start + i * startChannel;
      Float16 y0 = Lanes.add(v.get(at), more);
      Float16 y1 = Lanes.add(v.get(at + o1 * startPixel), more);
      Float16 y2 = Lanes.add(v.get(at + o2 * startPixel), more);
      Float16 y3 = Lanes.add(v.get(at + o3 * startPixel), more);
      Float16 sumA = Lanes.add(x1, x2);
      Float16 sumB = Lanes.add(x3, x4);
      Float16 differenceA = Lanes.sub(x1, x2);
      Float16 differenceB = Lanes.sub(x3, x4);
      y3 = Lanes.add(y3, v.get(s + 5 * by + i));
      v.set(to3 + i, Lanes.mulAdd(differenceA, a3, Lanes.mulAdd(differenceB, b3, y3)));
      v.set(to2 + i, Lanes.mulAdd(sumA, a2, Lanes.mulAdd(sumB, b2, y2)));
      v.set(to1 + i, Lanes.mulAdd(differenceA, a, Lanes.mulAdd(differenceB, b, y1)));
      v.set(to + i, Lanes.add(Lanes.add(v.get(s + i), y0), Lanes.add(sumA, sumB)));
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
