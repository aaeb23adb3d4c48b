package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels.Multiply;

/**
 * The descriptor that covers convolutions, their weight gradients and matrix products, {@code
 * out[r][o] = start[r][o] + sum over k of left[r][k] * right[k][o]}: it says where {@link
 * ProductTileKernels} finds everything.
 *
 * <p>Rows of left and steps k have coordinates: an index i is (i2 * n1 + i1) * n0 + i0 and lies at
 * i2 * s2 + i1 * s1 + i0 * s0. Columns come in panels of 16 adjacent ones.
 */
public final class ProductTile {
  /** Rows of left and of the result. */
  public static final int ROWS = 0;

  /** Columns of right and of the result, with padding. */
  public static final int COLUMNS = 1;

  /** Steps k of a batch. */
  public static final int DEPTH = 2;

  /** Steps of the last batch. */
  public static final int LAST_DEPTH = 3;

  /** The number of products, which are stored one after another. */
  public static final int BATCHES = 4;

  /** First float of left. */
  public static final int LEFT = 5;

  /** Of left, floats from batch to batch. */
  public static final int LEFT_BATCH = 6;

  /** Where the coordinates of a row start. */
  public static final int LEFT_ROW = 7;

  /** Where the coordinates of a step start. */
  public static final int LEFT_STEP = 12;

  /** The place of s0, counted from {@link #LEFT_ROW} or {@link #LEFT_STEP}, the place of n0. */
  public static final int S0 = 1;

  /** See {@link #S0}. */
  public static final int N1 = 2;

  /** See {@link #S0}. */
  public static final int S1 = 3;

  /** See {@link #S0}. */
  public static final int S2 = 4;

  /** First float of right. */
  public static final int RIGHT = 17;

  /** Of right, floats from batch to batch. */
  public static final int RIGHT_BATCH = 18;

  /** Of right, floats from step to step. */
  public static final int RIGHT_STEP = 19;

  /** Of right, floats from panel to panel. */
  public static final int RIGHT_PANEL = 20;

  /** First float of the result. */
  public static final int OUT = 21;

  /** Of the result, floats from batch to batch. */
  public static final int OUT_BATCH = 22;

  /** Of the result, floats from row to row. */
  public static final int OUT_ROW = 23;

  /** Of the result, floats from panel to panel. */
  public static final int OUT_PANEL = 24;

  /**
   * First float of what the sums start from; if all its distances are 0, it is the zero at the
   * start of the arena.
   */
  public static final int START = 25;

  /** Of the start, floats from row to row. */
  public static final int START_ROW = 26;

  /** Of the start, floats from panel to panel. */
  public static final int START_PANEL = 27;

  /** Of the start, floats from column to column. */
  public static final int START_COLUMN = 28;

  /** A row to add to every row, or -1. */
  public static final int ADDED = 29;

  /** Rows that are each added to several rows of the result, or -1. */
  public static final int SHARED = 30;

  /** How many rows of the result each shared row is added to. */
  public static final int SHARED_ROWS = 31;

  private static final int SIZE = 32;

  /** The kernel that reads this descriptor. */
  public static final Kernel KERNEL = Tiles.kernel(ProductTileKernels.class, "product", 15_232);

  private ProductTile() {}

  /** The descriptor of {@link MatMulKernels#multiply}, translated. */
  public static int[] matrices(int[] d) {
    int depth = d[Multiply.K];
    int rows = d[Multiply.M];
    int columns = d[Multiply.STRIDE];
    int[] p = product(rows, columns, depth);
    p[BATCHES] = d[Multiply.BATCH];
    p[LEFT] = d[Multiply.A];
    p[LEFT_BATCH] = d[Multiply.A_MATRIX];
    coordinates(p, LEFT_ROW, rows, d[Multiply.A_ROW], 1, 0, 0);
    coordinates(p, LEFT_STEP, depth, d[Multiply.A_COLUMN], 1, 0, 0);
    p[RIGHT] = d[Multiply.PACKED];
    p[RIGHT_BATCH] = d[Multiply.PACKED_MATRIX];
    p[RIGHT_STEP] = 16;
    p[RIGHT_PANEL] = 16 * depth;
    p[OUT] = d[Multiply.C];
    p[OUT_BATCH] = d[Multiply.C_MATRIX];
    p[OUT_ROW] = d[Multiply.C_ROW];
    p[OUT_PANEL] = d[Multiply.C_PANEL];
    return p;
  }

  /** The descriptor of one batch that starts from zero, with nothing to add and no offsets yet. */
  public static int[] product(int rows, int columns, int depth) {
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

  /**
   * Sets n0, s0, n1, s1 and s2.
   *
   * @param at {@link #LEFT_ROW} or {@link #LEFT_STEP}
   */
  public static void coordinates(int[] p, int at, int n0, int s0, int n1, int s1, int s2) {
    p[at] = n0;
    p[at + S0] = s0;
    p[at + N1] = n1;
    p[at + S1] = s1;
    p[at + S2] = s2;
  }
}
