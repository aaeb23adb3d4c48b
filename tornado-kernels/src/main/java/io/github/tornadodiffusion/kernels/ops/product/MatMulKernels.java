package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernels behind {@link MatMul}: b is packed into panels {@code [round16(n) / 16][k][16]}, then
 * every iteration keeps a register tile of 8 rows by 2 vectors, as in convolutions.
 */
public final class MatMulKernels {
  /** Places of {@link #pack}. */
  static final class Pack {
    static final int B = 0;

    /** Floats from row to row of b. */
    static final int B_ROW = 1;

    /** Floats from matrix to matrix of b. */
    static final int B_MATRIX = 2;

    /** Whether b is [n][k]. */
    static final int TRANSPOSED = 3;

    static final int K = 4;

    /** Columns of op(b) / 16, rounded up. */
    static final int PANELS = 5;

    static final int N = 6;
    static final int PACKED = 7;
    static final int BATCH = 8;
    static final int SIZE = 9;

    private Pack() {}
  }

  /** Places of {@link #multiply}. */
  public static final class Multiply {
    public static final int A = 0;

    /** Floats from row to row of op(a). */
    public static final int A_ROW = 1;

    /** Floats from column to column of op(a). */
    public static final int A_COLUMN = 2;

    /** Floats from matrix to matrix of a. */
    public static final int A_MATRIX = 3;

    /** The output of {@link #pack}. */
    public static final int PACKED = 4;

    /** Floats from matrix to matrix of it. */
    public static final int PACKED_MATRIX = 5;

    public static final int K = 6;
    public static final int M = 7;

    /** Columns of c, rounded up to 16. */
    public static final int STRIDE = 8;

    public static final int C = 9;

    /** Floats from row to row of c. */
    public static final int C_ROW = 10;

    /** Floats from 16 columns to the next ones of c. */
    public static final int C_PANEL = 11;

    /** Floats from matrix to matrix of c. */
    public static final int C_MATRIX = 12;

    /** 1 to add to c, 0 to overwrite it. */
    public static final int ACCUMULATE = 13;

    public static final int BATCH = 14;
    public static final int SIZE = 15;

    private Multiply() {}
  }

  private MatMulKernels() {}

  /**
   * packed[i][panel][j][lane] = op(b[i])[j][16 * panel + lane], 0 beyond column n: b [batch][k][n],
   * or if transposed [batch][n][k], with padded rows, becomes [batch][PANELS][k][16].
   */
  static void pack(FloatArray m, IntArray d) {
    int bound = d.get(Pack.BATCH) * d.get(Pack.PANELS);
    for (@Parallel int t = 0; t < bound; t++) {
      int k = d.get(Pack.K);
      int panels = d.get(Pack.PANELS);
      int panel = t % panels;
      int source = d.get(Pack.B) + t / panels * d.get(Pack.B_MATRIX);
      int target = d.get(Pack.PACKED) + t * k * 16;
      // Element (i, j) of op(b) is at i * down + j * across.
      int transposed = d.get(Pack.TRANSPOSED);
      int down = transposed == 0 ? d.get(Pack.B_ROW) : 1;
      int across = transposed == 0 ? 1 : d.get(Pack.B_ROW);
      int used = Math.min(16, d.get(Pack.N) - panel * 16);
      for (@Parallel int i = 0; i < k; i++) {
        for (int j = 0; j < used; j++) {
          m.set(target + i * 16 + j, m.get(source + i * down + (panel * 16 + j) * across));
        }
        for (int j = used; j < 16; j++) {
          m.set(target + i * 16 + j, 0f);
        }
      }
    }
  }

  /**
   * c[i] = op(a[i]) op(b[i]), or added to c[i], for each matrix i of the batch: op(a[i]) is [m][k],
   * packed[i] [STRIDE / 16][k][16], and c[i] has its columns in panels of 16.
   */
  static void multiply(FloatArray m, IntArray d) {
    int tiles = (d.get(Multiply.M) + 7) / 8 * ((d.get(Multiply.STRIDE) + 31) / 32);
    int bound = tiles * d.get(Multiply.BATCH);
    for (@Parallel int t = 0; t < bound; t++) {
      int lanes = Lanes.width();
      int down = d.get(Multiply.A_ROW);
      int across = d.get(Multiply.A_COLUMN);
      int depth = d.get(Multiply.K);
      int rows = d.get(Multiply.M);
      int stride = d.get(Multiply.STRIDE);
      int rowTiles = (rows + 7) / 8;
      int matrix = t / tiles;
      int row = t % rowTiles * 8;
      int block = t % tiles / rowTiles * 32;
      int end = Math.min(block + 32, stride);
      int at = d.get(Multiply.A) + matrix * d.get(Multiply.A_MATRIX) + row * down;
      int packed = d.get(Multiply.PACKED) + matrix * d.get(Multiply.PACKED_MATRIX);
      int out = d.get(Multiply.C) + matrix * d.get(Multiply.C_MATRIX) + row * d.get(Multiply.C_ROW);
      int panel = d.get(Multiply.C_PANEL);
      int cRow = d.get(Multiply.C_ROW);
      // What the sums start from: c, or the zeros at the start of the arena.
      int added = d.get(Multiply.ACCUMULATE);
      int rest = Math.min(7, rows - 1 - row);
      for (int oa = block; oa < end; oa += 2 * lanes) {
        int ob = Math.min(oa + lanes, stride - lanes);
        int qa = packed + oa / 16 * depth * 16 + oa % 16;
        int qb = packed + ob / 16 * depth * 16 + ob % 16;
        int ca = out + oa / 16 * panel + oa % 16;
        int cb = out + ob / 16 * panel + ob % 16;
        if (across == 1) {
          rows(m, at, down, depth, qa, qb, ca, cb, cRow, added, rest);
        } else {
          columns(m, at, across, depth, qa, qb, ca, cb, cRow, added, rest);
        }
      }
    }
  }

  /**
   * The register tile of 8 rows of a by two vectors of columns, for rows that lie one after the
   * other. Rows beyond the last one, which is number {@code rest}, repeat it: they compute and
   * store the same numbers again.
   */
  private static void rows(
      FloatArray m,
      int at,
      int down,
      int depth,
      int qa,
      int qb,
      int ca,
      int cb,
      int cRow,
      int added,
      int rest) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int wa = qa / lanes;
    int wb = qb / lanes;
    int sa = ca / lanes;
    int sb = cb / lanes;
    int sStep = cRow / lanes;
    int o0 = Math.min(0, rest);
    int o1 = Math.min(1, rest);
    int o2 = Math.min(2, rest);
    int o3 = Math.min(3, rest);
    int o4 = Math.min(4, rest);
    int o5 = Math.min(5, rest);
    int o6 = Math.min(6, rest);
    int o7 = Math.min(7, rest);
    int p0 = at + o0 * down;
    int p1 = at + o1 * down;
    int p2 = at + o2 * down;
    int p3 = at + o3 * down;
    int p4 = at + o4 * down;
    int p5 = at + o5 * down;
    int p6 = at + o6 * down;
    int p7 = at + o7 * down;
    Float16 r0a = v.get(added * (sa + o0 * sStep));
    Float16 r0b = v.get(added * (sb + o0 * sStep));
    Float16 r1a = v.get(added * (sa + o1 * sStep));
    Float16 r1b = v.get(added * (sb + o1 * sStep));
    Float16 r2a = v.get(added * (sa + o2 * sStep));
    Float16 r2b = v.get(added * (sb + o2 * sStep));
    Float16 r3a = v.get(added * (sa + o3 * sStep));
    Float16 r3b = v.get(added * (sb + o3 * sStep));
    Float16 r4a = v.get(added * (sa + o4 * sStep));
    Float16 r4b = v.get(added * (sb + o4 * sStep));
    Float16 r5a = v.get(added * (sa + o5 * sStep));
    Float16 r5b = v.get(added * (sb + o5 * sStep));
    Float16 r6a = v.get(added * (sa + o6 * sStep));
    Float16 r6b = v.get(added * (sb + o6 * sStep));
    Float16 r7a = v.get(added * (sa + o7 * sStep));
    Float16 r7b = v.get(added * (sb + o7 * sStep));
    for (int k = 0; k < depth; k++) {
      Float16 ba = v.get(wa + k * step);
      Float16 bb = v.get(wb + k * step);
      Float16 s;
      s = Lanes.splat(m.get(p0 + k));
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
    v.set(sa + o0 * sStep, r0a);
    v.set(sb + o0 * sStep, r0b);
    v.set(sa + o1 * sStep, r1a);
    v.set(sb + o1 * sStep, r1b);
    v.set(sa + o2 * sStep, r2a);
    v.set(sb + o2 * sStep, r2b);
    v.set(sa + o3 * sStep, r3a);
    v.set(sb + o3 * sStep, r3b);
    v.set(sa + o4 * sStep, r4a);
    v.set(sb + o4 * sStep, r4b);
    v.set(sa + o5 * sStep, r5a);
    v.set(sb + o5 * sStep, r5b);
    v.set(sa + o6 * sStep, r6a);
    v.set(sb + o6 * sStep, r6b);
    v.set(sa + o7 * sStep, r7a);
    v.set(sb + o7 * sStep, r7b);
  }

  /**
   * The same for columns of a that lie one after the other. What lies beyond the last row is
   * computed with, and stored before what belongs there.
   */
  private static void columns(
      FloatArray m,
      int at,
      int across,
      int depth,
      int qa,
      int qb,
      int ca,
      int cb,
      int cRow,
      int added,
      int rest) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int wa = qa / lanes;
    int wb = qb / lanes;
    int sa = ca / lanes;
    int sb = cb / lanes;
    int sStep = cRow / lanes;
    int o0 = Math.min(0, rest);
    int o1 = Math.min(1, rest);
    int o2 = Math.min(2, rest);
    int o3 = Math.min(3, rest);
    int o4 = Math.min(4, rest);
    int o5 = Math.min(5, rest);
    int o6 = Math.min(6, rest);
    int o7 = Math.min(7, rest);
    Float16 r0a = v.get(added * (sa + o0 * sStep));
    Float16 r0b = v.get(added * (sb + o0 * sStep));
    Float16 r1a = v.get(added * (sa + o1 * sStep));
    Float16 r1b = v.get(added * (sb + o1 * sStep));
    Float16 r2a = v.get(added * (sa + o2 * sStep));
    Float16 r2b = v.get(added * (sb + o2 * sStep));
    Float16 r3a = v.get(added * (sa + o3 * sStep));
    Float16 r3b = v.get(added * (sb + o3 * sStep));
    Float16 r4a = v.get(added * (sa + o4 * sStep));
    Float16 r4b = v.get(added * (sb + o4 * sStep));
    Float16 r5a = v.get(added * (sa + o5 * sStep));
    Float16 r5b = v.get(added * (sb + o5 * sStep));
    Float16 r6a = v.get(added * (sa + o6 * sStep));
    Float16 r6b = v.get(added * (sb + o6 * sStep));
    Float16 r7a = v.get(added * (sa + o7 * sStep));
    Float16 r7b = v.get(added * (sb + o7 * sStep));
    for (int k = 0; k < depth; k++) {
      Float16 ba = v.get(wa + k * step);
      Float16 bb = v.get(wb + k * step);
      int p = at + k * across;
      Float16 s;
      s = Lanes.splat(m.get(p));
      r0a = Lanes.mulAdd(ba, s, r0a);
      r0b = Lanes.mulAdd(bb, s, r0b);
      s = Lanes.splat(m.get(p + 1));
      r1a = Lanes.mulAdd(ba, s, r1a);
      r1b = Lanes.mulAdd(bb, s, r1b);
      s = Lanes.splat(m.get(p + 2));
      r2a = Lanes.mulAdd(ba, s, r2a);
      r2b = Lanes.mulAdd(bb, s, r2b);
      s = Lanes.splat(m.get(p + 3));
      r3a = Lanes.mulAdd(ba, s, r3a);
      r3b = Lanes.mulAdd(bb, s, r3b);
      s = Lanes.splat(m.get(p + 4));
      r4a = Lanes.mulAdd(ba, s, r4a);
      r4b = Lanes.mulAdd(bb, s, r4b);
      s = Lanes.splat(m.get(p + 5));
      r5a = Lanes.mulAdd(ba, s, r5a);
      r5b = Lanes.mulAdd(bb, s, r5b);
      s = Lanes.splat(m.get(p + 6));
      r6a = Lanes.mulAdd(ba, s, r6a);
      r6b = Lanes.mulAdd(bb, s, r6b);
      s = Lanes.splat(m.get(p + 7));
      r7a = Lanes.mulAdd(ba, s, r7a);
      r7b = Lanes.mulAdd(bb, s, r7b);
    }
    v.set(sb + o7 * sStep, r7b);
    v.set(sa + o7 * sStep, r7a);
    v.set(sb + o6 * sStep, r6b);
    v.set(sa + o6 * sStep, r6a);
    v.set(sb + o5 * sStep, r5b);
    v.set(sa + o5 * sStep, r5a);
    v.set(sb + o4 * sStep, r4b);
    v.set(sa + o4 * sStep, r4a);
    v.set(sb + o3 * sStep, r3b);
    v.set(sa + o3 * sStep, r3a);
    v.set(sb + o2 * sStep, r2b);
    v.set(sa + o2 * sStep, r2a);
    v.set(sb + o1 * sStep, r1b);
    v.set(sa + o1 * sStep, r1a);
    v.set(sb + o0 * sStep, r0b);
    v.set(sa + o0 * sStep, r0a);
  }
}
