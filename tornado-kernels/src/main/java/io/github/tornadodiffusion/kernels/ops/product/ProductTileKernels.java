package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.Tiles;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The product behind convolutions, weight gradients and matrices on a GPU, see {@link ProductTile}.
 *
 * <p>A work group computes a tile of 128 rows by 64 columns, 16 steps of k at a time: all threads
 * copy their share of left and right to local memory, then each does 8 rows by 4 columns from there
 * in registers, 32 multiply-adds for 3 loads of 4 floats. Where that would leave work groups idle,
 * a tile is 64 rows by 32 columns, and four slices of the work group each take a quarter of 32
 * steps and add up their sums at the end. Copies follow what is contiguous in memory, and the
 * pitches of the local arrays spread accesses over the banks.
 */
public final class ProductTileKernels {
  /** Places of what a tile's threads share: where the product's places begin. */
  private static final int PRODUCT = 0;

  private static final int SMALL = 1;
  private static final int ROW = 2;
  private static final int COLUMN = 3;
  private static final int BATCH = 4;
  private static final int DEPTH = 5;

  private ProductTileKernels() {}

  /** The descriptor is that of {@link ProductTile}. */
  static void product(KernelContext c, FloatArray m, IntArray d) {
    float[] left = c.allocateFloatLocalArray(2176);
    float[] right = c.allocateFloatLocalArray(1536);
    int[] rowPlaces = c.allocateIntLocalArray(128);
    int[] leftPlaces = c.allocateIntLocalArray(64);
    int[] rightPlaces = c.allocateIntLocalArray(64);
    int[] tile = c.allocateIntLocalArray(8);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int end = d.get(ProductTile.COUNT) * ProductTile.SIZE;
    int tiles = 0;
    for (int i = 0; i < end; i += ProductTile.SIZE) {
      tiles += tiles(d, i, groups);
    }
    for (int t = c.groupIdx; t < tiles; t += groups) {
      // What all threads need is worked out by one of them, and read from local memory where it is
      // needed: registers are for the sums.
      if (thread == 0) {
        int first = 0;
        int product = 0;
        int before = 0;
        for (int i = 0; i < end; i += ProductTile.SIZE) {
          if (before <= t) {
            product = i;
            first = before;
          }
          before += tiles(d, i, groups);
        }
        int small = small(d, product, groups);
        int rowTiles = (d.get(product + ProductTile.ROWS) + (128 >> small) - 1) >> 7 - small;
        int columnTiles = (d.get(product + ProductTile.COLUMNS) + (64 >> small) - 1) >> 6 - small;
        int batch = (t - first) / columnTiles / rowTiles;
        int depth = d.get(product + ProductTile.DEPTH);
        if (batch == d.get(product + ProductTile.BATCHES) - 1) {
          depth = d.get(product + ProductTile.LAST_DEPTH);
        }
        tile[PRODUCT] = product;
        tile[SMALL] = small;
        tile[ROW] = (t - first) / columnTiles % rowTiles << 7 - small;
        tile[COLUMN] = (t - first) % columnTiles << 6 - small;
        tile[BATCH] = batch;
        tile[DEPTH] = depth;
      }
      c.localBarrier();
      // Rows beyond the last one repeat it, and are not stored.
      if (thread < 128 >> tile[SMALL]) {
        int p = tile[PRODUCT];
        rowPlaces[thread] =
            d.get(p + ProductTile.LEFT)
                + tile[BATCH] * d.get(p + ProductTile.LEFT_BATCH)
                + place(
                    d,
                    p + ProductTile.LEFT_ROW,
                    Math.min(tile[ROW] + thread, d.get(p + ProductTile.ROWS) - 1));
      }
      if (thread < 16 << tile[SMALL]) {
        leftPlaces[thread] = place(d, tile[PRODUCT] + ProductTile.LEFT_STEP, thread);
        rightPlaces[thread] = place(d, tile[PRODUCT] + ProductTile.RIGHT_STEP, thread);
      }
      c.localBarrier();
      float r0a = 0f;
      float r0b = 0f;
      float r0c = 0f;
      float r0d = 0f;
      float r1a = 0f;
      float r1b = 0f;
      float r1c = 0f;
      float r1d = 0f;
      float r2a = 0f;
      float r2b = 0f;
      float r2c = 0f;
      float r2d = 0f;
      float r3a = 0f;
      float r3b = 0f;
      float r3c = 0f;
      float r3d = 0f;
      float r4a = 0f;
      float r4b = 0f;
      float r4c = 0f;
      float r4d = 0f;
      float r5a = 0f;
      float r5b = 0f;
      float r5c = 0f;
      float r5d = 0f;
      float r6a = 0f;
      float r6b = 0f;
      float r6c = 0f;
      float r6d = 0f;
      float r7a = 0f;
      float r7b = 0f;
      float r7c = 0f;
      float r7d = 0f;
      for (int k = 0; k < tile[DEPTH]; k += 16 << tile[SMALL]) {
        int depth = tile[DEPTH];
        int small = tile[SMALL];
        int p = tile[PRODUCT];
        int steps = 16 << small;
        int turn = (k >> 4 + small & 1) * 32;
        int leftPitch = (128 >> small) + 4;
        // Steps beyond the last are zero on both sides: memory there may hold anything.
        for (int i = thread; i < 2048; i += Tiles.THREADS) {
          int step = i >> 7 - small;
          int r = i & (128 >> small) - 1;
          if (d.get(p + ProductTile.LEFT_STEP + ProductTile.S0) == 1) {
            step = i & steps - 1;
            r = i >> 4 + small;
          }
          float value = 0f;
          if (k + step < depth) {
            value = 1f;
            if (d.get(p + ProductTile.LEFT) >= 0) {
              value = m.get(rowPlaces[r] + leftPlaces[turn + step]);
            }
          }
          left[step * leftPitch + r] = value;
        }
        int rightPitch = rightPitch(d, p, small);
        int rightAt =
            d.get(p + ProductTile.RIGHT) + tile[BATCH] * d.get(p + ProductTile.RIGHT_BATCH);
        for (int i = thread; i < 1024; i += Tiles.THREADS) {
          int step = i >> 4 & steps - 1;
          int o = (i >> 8 + small) * 16 + (i & 15);
          if (d.get(p + ProductTile.RIGHT_STEP + ProductTile.S0) == 1) {
            step = i & steps - 1;
            o = i >> 4 + small;
          }
          int column = tile[COLUMN] + o;
          float value = 0f;
          if (k + step < depth) {
            if (column < d.get(p + ProductTile.COLUMNS)) {
              value =
                  m.get(
                      rightAt
                          + rightPlaces[turn + step]
                          + (column >> 4) * d.get(p + ProductTile.RIGHT_PANEL)
                          + (column & 15) * d.get(p + ProductTile.RIGHT_COLUMN));
            }
          }
          right[step * rightPitch + o] = value;
        }
        c.localBarrier();
        if (thread < steps) {
          int next = k + steps + thread;
          leftPlaces[32 - turn + thread] = place(d, p + ProductTile.LEFT_STEP, next);
          rightPlaces[32 - turn + thread] = place(d, p + ProductTile.RIGHT_STEP, next);
        }
        // Shifted to the left, indices show that four floats can be loaded at once.
        int slice = thread >> 8 - 2 * small;
        int own = 16 >> small;
        int y = (thread - (slice << 8 - 2 * small) >> 4 - small) * 2;
        int x = thread & (16 >> small) - 1;
        int from = small * slice * own;
        for (int i = from; i < from + own; i++) {
          int l = i * (leftPitch >> 2) + y << 2;
          int q = i * (rightPitch >> 2) + x << 2;
          float ra = right[q];
          float rb = right[q + 1];
          float rc = right[q + 2];
          float rd = right[q + 3];
          float s;
          s = left[l];
          r0a += s * ra;
          r0b += s * rb;
          r0c += s * rc;
          r0d += s * rd;
          s = left[l + 1];
          r1a += s * ra;
          r1b += s * rb;
          r1c += s * rc;
          r1d += s * rd;
          s = left[l + 2];
          r2a += s * ra;
          r2b += s * rb;
          r2c += s * rc;
          r2d += s * rd;
          s = left[l + 3];
          r3a += s * ra;
          r3b += s * rb;
          r3c += s * rc;
          r3d += s * rd;
          s = left[l + 4];
          r4a += s * ra;
          r4b += s * rb;
          r4c += s * rc;
          r4d += s * rd;
          s = left[l + 5];
          r5a += s * ra;
          r5b += s * rb;
          r5c += s * rc;
          r5d += s * rd;
          s = left[l + 6];
          r6a += s * ra;
          r6b += s * rb;
          r6c += s * rc;
          r6d += s * rd;
          s = left[l + 7];
          r7a += s * ra;
          r7b += s * rb;
          r7c += s * rc;
          r7d += s * rd;
        }
        c.localBarrier();
      }
      // Two of each thread's rows at a time go through local memory: [slice][row][column].
      for (int quarter = 0; quarter < 4; quarter++) {
        int small = tile[SMALL];
        int across = 16 >> small;
        int at = (thread >> 4 - small) * 2 * (4 * across) + (thread & across - 1) * 4;
        if (quarter == 0) {
          left[at] = r0a;
          left[at + 1] = r0b;
          left[at + 2] = r0c;
          left[at + 3] = r0d;
          left[at + 4 * across] = r1a;
          left[at + 4 * across + 1] = r1b;
          left[at + 4 * across + 2] = r1c;
          left[at + 4 * across + 3] = r1d;
        }
        if (quarter == 1) {
          left[at] = r2a;
          left[at + 1] = r2b;
          left[at + 2] = r2c;
          left[at + 3] = r2d;
          left[at + 4 * across] = r3a;
          left[at + 4 * across + 1] = r3b;
          left[at + 4 * across + 2] = r3c;
          left[at + 4 * across + 3] = r3d;
        }
        if (quarter == 2) {
          left[at] = r4a;
          left[at + 1] = r4b;
          left[at + 2] = r4c;
          left[at + 3] = r4d;
          left[at + 4 * across] = r5a;
          left[at + 4 * across + 1] = r5b;
          left[at + 4 * across + 2] = r5c;
          left[at + 4 * across + 3] = r5d;
        }
        if (quarter == 3) {
          left[at] = r6a;
          left[at + 1] = r6b;
          left[at + 2] = r6c;
          left[at + 3] = r6d;
          left[at + 4 * across] = r7a;
          left[at + 4 * across + 1] = r7b;
          left[at + 4 * across + 2] = r7c;
          left[at + 4 * across + 3] = r7d;
        }
        c.localBarrier();
        int p = tile[PRODUCT];
        int size = 2048 >> 2 * small;
        for (int i = thread; i < size; i += Tiles.THREADS) {
          int local = i >> 6 - small;
          int r = tile[ROW] + (local >> 1) * 8 + quarter * 2 + (local & 1);
          int o = tile[COLUMN] + (i & (64 >> small) - 1);
          if (r < d.get(p + ProductTile.ROWS)) {
            if (o < d.get(p + ProductTile.COLUMNS)) {
              float sum = start(m, d, p, r, o);
              for (int s = 0; s < 1 + 3 * small; s++) {
                sum += left[s * size + i];
              }
              m.set(
                  d.get(p + ProductTile.OUT)
                      + tile[BATCH] * d.get(p + ProductTile.OUT_BATCH)
                      + r * d.get(p + ProductTile.OUT_ROW)
                      + (o >> 4) * d.get(p + ProductTile.OUT_PANEL)
                      + (o & 15),
                  sum + added(m, d, p, r, o));
            }
          }
        }
        c.localBarrier();
      }
    }
  }

  /** 1 if tiles are 64 x 32, so that more work groups have one, 0 if they are 128 x 64. */
  private static int small(IntArray d, int p, int groups) {
    int large =
        (d.get(p + ProductTile.ROWS) + 127)
            / 128
            * ((d.get(p + ProductTile.COLUMNS) + 63) / 64)
            * d.get(p + ProductTile.BATCHES);
    return large < groups ? 1 : 0;
  }

  /** Tiles of a product. */
  private static int tiles(IntArray d, int p, int groups) {
    int small = small(d, p, groups);
    int rowTiles = (d.get(p + ProductTile.ROWS) + (128 >> small) - 1) >> 7 - small;
    int columnTiles = (d.get(p + ProductTile.COLUMNS) + (64 >> small) - 1) >> 6 - small;
    return rowTiles * columnTiles * d.get(p + ProductTile.BATCHES);
  }

  /**
   * Floats from step to step of the local copy of right, which is written along steps or columns.
   */
  private static int rightPitch(IntArray d, int p, int small) {
    return (64 >> small) + (d.get(p + ProductTile.RIGHT_STEP + ProductTile.S0) == 1 ? 4 : 16);
  }

  /** The offset of index i, whose coordinates start at a place of the descriptor. */
  private static int place(IntArray d, int at, int i) {
    int rest = i / d.get(at);
    int i0 = i - rest * d.get(at);
    int i2 = rest / d.get(at + ProductTile.N1);
    int i1 = rest - i2 * d.get(at + ProductTile.N1);
    return i0 * d.get(at + ProductTile.S0)
        + i1 * d.get(at + ProductTile.S1)
        + i2 * d.get(at + ProductTile.S2);
  }

  private static float start(FloatArray m, IntArray d, int p, int row, int column) {
    return m.get(
        d.get(p + ProductTile.START)
            + row * d.get(p + ProductTile.START_ROW)
            + (column >> 4) * d.get(p + ProductTile.START_PANEL)
            + (column & 15) * d.get(p + ProductTile.START_COLUMN));
  }

  private static float added(FloatArray m, IntArray d, int p, int row, int column) {
    float sum = 0f;
    int all = d.get(p + ProductTile.ADDED);
    int shared = d.get(p + ProductTile.SHARED);
    if (all >= 0) {
      sum = m.get(all + column);
    }
    if (shared >= 0) {
      sum +=
          m.get(
              shared
                  + row / d.get(p + ProductTile.SHARED_ROWS) * d.get(p + ProductTile.COLUMNS)
                  + column);
    }
    return sum;
  }
}
