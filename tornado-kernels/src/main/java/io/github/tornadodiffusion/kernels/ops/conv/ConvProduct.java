package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels.WeightGradient;
import io.github.tornadodiffusion.kernels.ops.product.ProductTile;

/**
 * Convolutions and their weight gradients as products of matrices: their descriptors, translated to
 * that of {@link ProductTile}.
 */
final class ConvProduct {
  private ConvProduct() {}

  /** Of {@link ConvKernels#forward}: pixels x (ky, kx, input channel) x output channels. */
  static int[] forward(int[] d) {
    int columns = d[Forward.OUT_STRIDE];
    int width = d[Forward.OUT_W];
    int height = d[Forward.OUT_H];
    int[] p =
        ProductTile.product(
            d[Forward.IMAGES] * width * height, columns, d[Forward.KERNEL_H] * d[Forward.RUN]);
    p[ProductTile.LEFT] = d[Forward.IN];
    ProductTile.coordinates(
        p,
        ProductTile.LEFT_ROW,
        width,
        d[Forward.PIXEL_STEP],
        height,
        d[Forward.ROW_STEP],
        d[Forward.IN_IMAGE]);
    ProductTile.coordinates(
        p, ProductTile.LEFT_STEP, d[Forward.RUN], 1, d[Forward.KERNEL_H], d[Forward.IN_ROW], 0);
    p[ProductTile.RIGHT] = d[Forward.WEIGHTS];
    ProductTile.coordinates(p, ProductTile.RIGHT_STEP, p[ProductTile.DEPTH], 16, 1, 0, 0);
    p[ProductTile.RIGHT_PANEL] = d[Forward.PANEL];
    p[ProductTile.OUT] = d[Forward.OUT];
    p[ProductTile.OUT_ROW] = columns;
    p[ProductTile.OUT_PANEL] = 16;
    p[ProductTile.START] = d[Forward.START];
    p[ProductTile.START_ROW] = d[Forward.START_PIXEL];
    p[ProductTile.START_PANEL] = 16 * d[Forward.START_CHANNEL];
    p[ProductTile.START_COLUMN] = d[Forward.START_CHANNEL];
    p[ProductTile.ADDED] = d[Forward.BIAS];
    p[ProductTile.SHARED] = d[Forward.PER_IMAGE];
    p[ProductTile.SHARED_ROWS] = d[Forward.IMAGE_PIXELS];
    return p;
  }

  /**
   * Of the gradient of the input, whose descriptor is that of {@link ConvKernels#forward}: pixels x
   * (ky, kx, output channel) x input channels. Weights are read where they lie, from the last tap
   * to the first.
   */
  static int[] inputGradient(int[] d) {
    int cout = d[Forward.PIXEL_STEP];
    int cin = d[Forward.OUT_STRIDE];
    int taps = d[Forward.KERNEL_H] * (d[Forward.RUN] / cout);
    int[] p = forward(d);
    p[ProductTile.RIGHT] = d[Forward.WEIGHTS] + (taps - 1) * cin * 16;
    ProductTile.coordinates(
        p, ProductTile.RIGHT_STEP, 16, 1, cout / 16, taps * cin * 16, -cin * 16);
    p[ProductTile.RIGHT_PANEL] = 16 * 16;
    p[ProductTile.RIGHT_COLUMN] = 16;
    return p;
  }

  /**
   * Of {@link ConvKernels#weightGradient}: (ky, kx, input channel) x pixels x output channels,
   * every chunk of images a batch.
   */
  static int[] weightGradient(int[] d) {
    int inStride = d[WeightGradient.IN_STRIDE];
    int columns = d[WeightGradient.OUT_STRIDE];
    int width = d[WeightGradient.OUT_W];
    int height = d[WeightGradient.OUT_H];
    int chunks = d[WeightGradient.CHUNKS];
    int chunkImages = d[WeightGradient.CHUNK_IMAGES];
    int[] p =
        ProductTile.product(
            d[WeightGradient.KERNEL_H] * d[WeightGradient.KERNEL_W] * inStride,
            columns,
            chunkImages * width * height);
    p[ProductTile.LAST_DEPTH] =
        (d[WeightGradient.IMAGES] - (chunks - 1) * chunkImages) * width * height;
    p[ProductTile.BATCHES] = chunks;
    p[ProductTile.LEFT] = d[WeightGradient.IN];
    p[ProductTile.LEFT_BATCH] = chunkImages * d[WeightGradient.IN_IMAGE];
    ProductTile.coordinates(
        p,
        ProductTile.LEFT_ROW,
        inStride,
        1,
        d[WeightGradient.KERNEL_W],
        inStride,
        d[WeightGradient.IN_ROW]);
    ProductTile.coordinates(
        p,
        ProductTile.LEFT_STEP,
        width,
        d[WeightGradient.PIXEL_STEP],
        height,
        d[WeightGradient.ROW_STEP],
        d[WeightGradient.IN_IMAGE]);
    p[ProductTile.RIGHT] = d[WeightGradient.GRAD_OUT];
    p[ProductTile.RIGHT_BATCH] = chunkImages * width * height * columns;
    ProductTile.coordinates(p, ProductTile.RIGHT_STEP, p[ProductTile.DEPTH], columns, 1, 0, 0);
    p[ProductTile.RIGHT_PANEL] = 16;
    p[ProductTile.OUT] = d[WeightGradient.GRADIENT];
    p[ProductTile.OUT_BATCH] = d[WeightGradient.CHUNK_FLOATS];
    p[ProductTile.OUT_ROW] = 16;
    p[ProductTile.OUT_PANEL] = 16 * p[ProductTile.ROWS];
    if (d[WeightGradient.ACCUMULATE] == 1) {
      p[ProductTile.START] = p[ProductTile.OUT];
      p[ProductTile.START_ROW] = p[ProductTile.OUT_ROW];
      p[ProductTile.START_PANEL] = p[ProductTile.OUT_PANEL];
      p[ProductTile.START_COLUMN] = 1;
    }
    return p;
  }
}
