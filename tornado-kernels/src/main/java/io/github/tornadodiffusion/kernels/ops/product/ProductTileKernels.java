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
 * in registers, 32 multiply-adds for 12 loads. Where that would leave work groups idle, a tile is
 * 64 rows by 32 columns, and four slices of the work group each take a quarter of 32 steps and add
 * up their sums at the end. Copies follow what is contiguous in memory, and the pitches of the
 * local arrays spread every access over all banks.
 */
public final class ProductTileKernels {
  private ProductTileKernels() {}

  /** The descriptor is that of {@link ProductTile}. */
  static void product(KernelContext c, FloatArray m, IntArray d) {
    float[] left = c.allocateFloatLocalArray(2080);
    float[] right = c.allocateFloatLocalArray(1536);
    int[] rowPlaces = c.allocateIntLocalArray(128);
    int[] leftPlaces = c.allocateIntLocalArray(64);
    int[] rightPlaces = c.allocateIntLocalArray(64);
    int thread = c.localIdx;
    int groups = c.globalGroupSizeX / Tiles.THREADS;
    int count = d.get(ProductTile.COUNT) * ProductTile.SIZE;
    // The next tile of this work group, counted from the first one of a product.
    int t = c.groupIdx;
    for (int p = 0; p < count; p += ProductTile.SIZE) {
      int rows = d.get(p + ProductTile.ROWS);
      int columns = d.get(p + ProductTile.COLUMNS);
      int batches = d.get(p + ProductTile.BATCHES);
      int small = (rows + 127) / 128 * ((columns + 63) / 64) * batches < groups ? 1 : 0;
      int rowBits = 7 - small;
      int stepBits = 4 + small;
      int columnBits = 4 - small; // of a quarter of the tile's columns
      int tileRows = 1 << rowBits;
      int steps = 1 << stepBits;
      int across = 1 << columnBits;
      int slices = 1 + 3 * small;
      int leftPitch = tileRows + 2 - small;
      int rightAlong = d.get(p + ProductTile.RIGHT_STEP + ProductTile.S0) == 1 ? 1 : 0;
      int rightPitch = 4 * across + 16 - rightAlong * (14 + small);
      int sliceThreads = Tiles.THREADS / slices;
      int slice = thread / sliceThreads;
      int x = thread & (across - 1);
      int y = (thread - slice * sliceThreads >> columnBits) * 8;
      int from = slice * (steps / slices);
      int to = from + steps / slices;
      int leftAt = d.get(p + ProductTile.LEFT);
      int rightPanel = d.get(p + ProductTile.RIGHT_PANEL);
      int rightColumn = d.get(p + ProductTile.RIGHT_COLUMN);
      int leftAlong = d.get(p + ProductTile.LEFT_STEP + ProductTile.S0) == 1 ? 1 : 0;
      int rowTiles = (rows + tileRows - 1) / tileRows;
      int columnTiles = (columns + 4 * across - 1) / (4 * across);
      int tiles = rowTiles * columnTiles * batches;
      for (; t < tiles; t += groups) {
        int column = t % columnTiles * 4 * across;
        int row = t / columnTiles % rowTiles * tileRows;
        int batch = t / columnTiles / rowTiles;
        int rightAt =
            d.get(p + ProductTile.RIGHT)
                + batch * d.get(p + ProductTile.RIGHT_BATCH)
                + (column >> 4) * rightPanel;
        int depth = d.get(p + ProductTile.DEPTH);
        if (batch == batches - 1) {
          depth = d.get(p + ProductTile.LAST_DEPTH);
        }
        // Rows beyond the last one repeat it, and are not stored.
        if (thread < tileRows) {
          rowPlaces[thread] =
              leftAt
                  + batch * d.get(p + ProductTile.LEFT_BATCH)
                  + place(d, p + ProductTile.LEFT_ROW, Math.min(row + thread, rows - 1));
        }
        if (thread < steps) {
          leftPlaces[thread] = place(d, p + ProductTile.LEFT_STEP, thread);
          rightPlaces[thread] = place(d, p + ProductTile.RIGHT_STEP, thread);
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
        for (int k = 0; k < depth; k += steps) {
          int turn = (k >> stepBits & 1) * 32;
          // Steps beyond the last are zero on both sides: memory there may hold anything.
          for (int i = thread; i < 2048; i += Tiles.THREADS) {
            int step = i >> rowBits;
            int r = i & (tileRows - 1);
            if (leftAlong == 1) {
              step = i & (steps - 1);
              r = i >> stepBits;
            }
            float value = 0f;
            if (k + step < depth) {
              value = 1f;
              if (leftAt >= 0) {
                value = m.get(rowPlaces[r] + leftPlaces[turn + step]);
              }
            }
            left[step * leftPitch + r] = value;
          }
          for (int i = thread; i < 1024; i += Tiles.THREADS) {
            int step = i >> 4 & (steps - 1);
            int o = (i >> 4 + stepBits) * 16 + (i & 15);
            if (rightAlong == 1) {
              step = i & (steps - 1);
              o = i >> stepBits;
            }
            float value = 0f;
            if (k + step < depth) {
              if (column + o < columns) {
                value =
                    m.get(
                        rightAt
                            + rightPlaces[turn + step]
                            + (o >> 4) * rightPanel
                            + (o & 15) * rightColumn);
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
          for (int i = from; i < to; i++) {
            int l = i * leftPitch + y;
            int q = i * rightPitch + x;
            float ra = right[q];
            float rb = right[q + across];
            float rc = right[q + 2 * across];
            float rd = right[q + 3 * across];
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
        // A quarter of the tile's columns at a time goes through local memory:
        // [slice][row][column].
        for (int quarter = 0; quarter < 4 * across; quarter += across) {
          int at = ((slice << rowBits) + y << columnBits) + x;
          if (quarter == 0) {
            left[at] = r0a;
            left[at + across] = r1a;
            left[at + 2 * across] = r2a;
            left[at + 3 * across] = r3a;
            left[at + 4 * across] = r4a;
            left[at + 5 * across] = r5a;
            left[at + 6 * across] = r6a;
            left[at + 7 * across] = r7a;
          }
          if (quarter == across) {
            left[at] = r0b;
            left[at + across] = r1b;
            left[at + 2 * across] = r2b;
            left[at + 3 * across] = r3b;
            left[at + 4 * across] = r4b;
            left[at + 5 * across] = r5b;
            left[at + 6 * across] = r6b;
            left[at + 7 * across] = r7b;
          }
          if (quarter == 2 * across) {
            left[at] = r0c;
            left[at + across] = r1c;
            left[at + 2 * across] = r2c;
            left[at + 3 * across] = r3c;
            left[at + 4 * across] = r4c;
            left[at + 5 * across] = r5c;
            left[at + 6 * across] = r6c;
            left[at + 7 * across] = r7c;
          }
          if (quarter == 3 * across) {
            left[at] = r0d;
            left[at + across] = r1d;
            left[at + 2 * across] = r2d;
            left[at + 3 * across] = r3d;
            left[at + 4 * across] = r4d;
            left[at + 5 * across] = r5d;
            left[at + 6 * across] = r6d;
            left[at + 7 * across] = r7d;
          }
          c.localBarrier();
          int size = tileRows * across;
          for (int i = thread; i < size; i += Tiles.THREADS) {
            int r = row + (i >> columnBits);
            int o = column + quarter + (i & (across - 1));
            if (r < rows) {
              if (o < columns) {
                float sum = start(m, d, p, r, o);
                for (int s = 0; s < slices; s++) {
                  sum += left[s * size + i];
                }
                m.set(
                    d.get(p + ProductTile.OUT)
                        + batch * d.get(p + ProductTile.OUT_BATCH)
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
      t -= tiles;
    }
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
