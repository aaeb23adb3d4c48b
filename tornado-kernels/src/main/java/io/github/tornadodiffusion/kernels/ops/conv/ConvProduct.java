package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.ops.product.ProductTile;

/** Translates the descriptors of {@link ConvKernels} to that of {@link ProductTile}. */
final class ConvProduct {
  private ConvProduct() {}

  /** From {@code ConvKernels.forward}: pixels x (ky, kx, input channel) x output channels. */
  static int[] forward(int[] d) {
    int columns = d[9];
    int width = d[13];
    int height = d[14];
    int[] p = ProductTile.product(d[12] * width * height, columns, d[5] * d[4]);
    p[ProductTile.LEFT] = d[0];
    ProductTile.coordinates(p, ProductTile.LEFT_ROW, width, d[3], height, d[15], d[2]);
    ProductTile.coordinates(p, ProductTile.LEFT_STEP, d[4], 1, d[5], d[1], 0);
    p[ProductTile.RIGHT] = d[6];
    p[ProductTile.RIGHT_STEP] = 16;
    p[ProductTile.RIGHT_PANEL] = d[7];
    p[ProductTile.OUT] = d[8];
    p[ProductTile.OUT_ROW] = columns;
    p[ProductTile.OUT_PANEL] = 16;
    p[ProductTile.START] = d[17];
    p[ProductTile.START_ROW] = d[18];
    p[ProductTile.START_PANEL] = 16 * d[19];
    p[ProductTile.START_COLUMN] = d[19];
    p[ProductTile.ADDED] = d[20];
    p[ProductTile.SHARED] = d[21];
    p[ProductTile.SHARED_ROWS] = d[22];
    return p;
  }

  /**
   * From {@code ConvKernels.weightGradient}: (ky, kx, input channel) x pixels x output channels,
   * every chunk of images a batch.
   */
  static int[] weightGradient(int[] d) {
    int inStride = d[4];
    int columns = d[9];
    int width = d[11];
    int height = d[12];
    int chunks = d[15];
    int chunkImages = d[16];
    int[] p = ProductTile.product(d[5] * d[6] * inStride, columns, chunkImages * width * height);
    p[ProductTile.LAST_DEPTH] = (d[10] - (chunks - 1) * chunkImages) * width * height;
    p[ProductTile.BATCHES] = chunks;
    p[ProductTile.LEFT] = d[0];
    p[ProductTile.LEFT_BATCH] = chunkImages * d[2];
    ProductTile.coordinates(p, ProductTile.LEFT_ROW, inStride, 1, d[6], inStride, d[1]);
    ProductTile.coordinates(p, ProductTile.LEFT_STEP, width, d[3], height, d[7], d[2]);
    p[ProductTile.RIGHT] = d[8];
    p[ProductTile.RIGHT_BATCH] = chunkImages * width * height * columns;
    p[ProductTile.RIGHT_STEP] = columns;
    p[ProductTile.RIGHT_PANEL] = 16;
    p[ProductTile.OUT] = d[13];
    p[ProductTile.OUT_BATCH] = d[14];
    p[ProductTile.OUT_ROW] = 16;
    p[ProductTile.OUT_PANEL] = 16 * p[ProductTile.ROWS];
    if (d[17] == 1) {
      p[ProductTile.START] = p[ProductTile.OUT];
      p[ProductTile.START_ROW] = p[ProductTile.OUT_ROW];
      p[ProductTile.START_PANEL] = p[ProductTile.OUT_PANEL];
      p[ProductTile.START_COLUMN] = 1;
    }
    return p;
  }
}
