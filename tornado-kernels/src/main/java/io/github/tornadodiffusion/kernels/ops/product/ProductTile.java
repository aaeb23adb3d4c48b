package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels;

/**
 * Convolutions, their weight gradients and matrix products as one thing, {@code out[r][o] =
 * start[r][o] + sum over k of left[r][k] * right[k][o]}: how {@link ProductTileKernels} wants to be
 * told where everything lies, and the translation of the descriptors of {@link ConvKernels} and
 * {@link MatMulKernels}.
 *
 * <p>Rows of left and steps k have coordinates: an index i is (i2 * n1 + i1) * n0 + i0 and lies at
 * i2 * s2 + i1 * s1 + i0 * s0. Columns come in panels of 16, whose columns are neighbours.
 */
public final class ProductTile {
  /** Places in the descriptor; the last batch may be less deep than the others. */
  public static final int ROWS = 0;

  public static final int COLUMNS = 1;
  public static final int DEPTH = 2;
  public static final int LAST_DEPTH = 3;
  public static final int BATCHES = 4;

  /** First float, floats from batch to batch; n0, s0, n1, s1, s2 of a row, and of a step. */
  public static final int LEFT = 5;

  public static final int LEFT_BATCH = 6;
  public static final int LEFT_ROW = 7;
  public static final int LEFT_STEP = 12;

  /** First float, floats from batch to batch, from step to step, from panel to panel. */
  public static final int RIGHT = 17;

  public static final int RIGHT_BATCH = 18;
  public static final int RIGHT_STEP = 19;
  public static final int RIGHT_PANEL = 20;

  /** First float, floats from batch to batch, from row to row, from panel to panel. */
  public static final int OUT = 21;

  public static final int OUT_BATCH = 22;
  public static final int OUT_ROW = 23;
  public static final int OUT_PANEL = 24;

  /**
   * First float, floats from row to row, from panel to panel, from column to column; all 0 is the
   * zero at the start of the arena.
   */
  public static final int START = 25;

  public static final int START_ROW = 26;
  public static final int START_PANEL = 27;
  public static final int START_COLUMN = 28;

  /** A row to add to every row, or -1. */
  public static final int ADDED = 29;

  /** Rows of which each is added to so many others, or -1, and how many. */
  public static final int SHARED = 30;

  public static final int SHARED_ROWS = 31;

  private static final int SIZE = 32;

  private ProductTile() {}

  /** From {@code ConvKernels.forward}: pixels x (ky, kx, input channel) x output channels. */
  public static int[] convolution(int[] d) {
    int columns = d[9];
    int width = d[13];
    int height = d[14];
    int[] p = product(d[12] * width * height, columns, d[5] * d[4]);
    p[LEFT] = d[0];
    coordinates(p, LEFT_ROW, width, d[3], height, d[15], d[2]);
    coordinates(p, LEFT_STEP, d[4], 1, d[5], d[1], 0);
    p[RIGHT] = d[6];
    p[RIGHT_STEP] = 16;
    p[RIGHT_PANEL] = d[7];
    p[OUT] = d[8];
    p[OUT_ROW] = columns;
    p[OUT_PANEL] = 16;
    p[START] = d[17];
    p[START_ROW] = d[18];
    p[START_PANEL] = 16 * d[19];
    p[START_COLUMN] = d[19];
    p[ADDED] = d[20];
    p[SHARED] = d[21];
    p[SHARED_ROWS] = d[22];
    return p;
  }

  /**
   * From {@code ConvKernels.weightGradient}: (ky, kx, input channel) x pixels x output channels,
   * every chunk of images a batch.
   */
  public static int[] weightGradient(int[] d) {
    int inStride = d[4];
    int columns = d[9];
    int width = d[11];
    int height = d[12];
    int chunks = d[15];
    int chunkImages = d[16];
    int[] p = product(d[5] * d[6] * inStride, columns, chunkImages * width * height);
    p[LAST_DEPTH] = (d[10] - (chunks - 1) * chunkImages) * width * height;
    p[BATCHES] = chunks;
    p[LEFT] = d[0];
    p[LEFT_BATCH] = chunkImages * d[2];
    coordinates(p, LEFT_ROW, inStride, 1, d[6], inStride, d[1]);
    coordinates(p, LEFT_STEP, width, d[3], height, d[7], d[2]);
    p[RIGHT] = d[8];
    p[RIGHT_BATCH] = chunkImages * width * height * columns;
    p[RIGHT_STEP] = columns;
    p[RIGHT_PANEL] = 16;
    p[OUT] = d[13];
    p[OUT_BATCH] = d[14];
    p[OUT_ROW] = 16;
    p[OUT_PANEL] = 16 * p[ROWS];
    if (d[17] == 1) {
      p[START] = p[OUT];
      p[START_ROW] = p[OUT_ROW];
      p[START_PANEL] = p[OUT_PANEL];
      p[START_COLUMN] = 1;
    }
    return p;
  }

  /** From {@code MatMulKernels.multiply}. */
  public static int[] matrices(int[] d) {
    int depth = d[5];
    int rows = d[6];
    int columns = d[7];
    int[] p = product(rows, columns, depth);
    p[BATCHES] = d[9];
    p[LEFT] = d[0];
    p[LEFT_BATCH] = d[3];
    coordinates(p, LEFT_ROW, rows, d[1], 1, 0, 0);
    coordinates(p, LEFT_STEP, depth, d[2], 1, 0, 0);
    p[RIGHT] = d[4];
    p[RIGHT_BATCH] = depth * columns;
    p[RIGHT_STEP] = 16;
    p[RIGHT_PANEL] = 16 * depth;
    p[OUT] = d[8];
    p[OUT_BATCH] = rows * columns;
    p[OUT_ROW] = columns;
    p[OUT_PANEL] = 16;
    return p;
  }

  /** One batch that starts from zero, with nothing to add. */
  private static int[] product(int rows, int columns, int depth) {
    int[] p = new int[SIZE];
    p[ROWS] = rows;
    p[COLUMNS] = columns;
    p[DEPTH] = depth;
    p[LAST_DEPTH] = depth;
    p[BATCHES] = 1;
    p[ADDED] = -1;
    p[SHARED] = -1;
    p[SHARED_ROWS] = 1;
    return p;
  }

  private static void coordinates(int[] p, int at, int n0, int s0, int n1, int s1, int s2) {
    p[at] = n0;
    p[at + 1] = s0;
    p[at + 2] = n1;
    p[at + 3] = s1;
    p[at + 4] = s2;
  }
}
