package io.github.tornadodiffusion.kernels.ops.conv;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernels behind {@link Conv}.
 *
 * <p>{@code forward} and {@code weightGradient} keep a register tile of 8 rows by 2 vectors of
 * output channels: every multiply-add has its operands in registers or in one load, and 16
 * independent sums hide the latency. Eight rows and two vectors are also what C2 inlines
 * completely; larger tiles are not inlined and much slower. In {@code forward} a row is an output
 * pixel and the taps of one kernel row are contiguous in memory (kx, then channel), so the inner
 * loop is kernelW * channels long. In {@code weightGradient} a row is an input channel and the loop
 * runs over all pixels of a few images.
 */
public final class ConvKernels {
  /** Places of {@link #forward}. */
  static final class Forward {
    /** First float of the input, border included. */
    static final int IN = 0;

    /** Floats from row to row of the input. */
    static final int IN_ROW = 1;

    /** Floats from image to image of the input. */
    static final int IN_IMAGE = 2;

    /** Floats from one output pixel's input to the next one's. */
    static final int PIXEL_STEP = 3;

    /** Floats of a kernel row: its width times the input's channel stride. */
    static final int RUN = 4;

    static final int KERNEL_H = 5;
    static final int WEIGHTS = 6;

    /** Floats of the weights of 16 output channels. */
    static final int PANEL = 7;

    static final int OUT = 8;

    /** Channel stride of the output. */
    static final int OUT_STRIDE = 9;

    /** Tiles across an image. */
    static final int TILES_X = 10;

    /** Tiles down an image. */
    static final int TILES_Y = 11;

    static final int IMAGES = 12;
    static final int OUT_W = 13;
    static final int OUT_H = 14;

    /** Floats from one output row's input to the next one's. */
    static final int ROW_STEP = 15;

    /** Log2 of a tile's width. */
    static final int TILE_SHIFT = 16;

    /** What the sums start from: a residual, a bias or zeros. */
    static final int START = 17;

    /**
     * Floats from pixel to pixel of {@link #START}; 0 where all pixels start from the same values.
     */
    static final int START_PIXEL = 18;

    /** Floats from channel to channel of {@link #START}; 0 for zeros. */
    static final int START_CHANNEL = 19;

    /** Bias to add to every pixel, or -1. */
    static final int BIAS = 20;

    /** Vectors of which each is added to the pixels of one image, or -1. */
    static final int PER_IMAGE = 21;

    /** Pixels that share such a vector. */
    static final int IMAGE_PIXELS = 22;

    static final int SIZE = 23;

    private Forward() {}
  }

  /** Places of {@link #flip}. */
  static final class Flip {
    static final int WEIGHTS = 0;

    /** Height times width of the kernel. */
    static final int TAPS = 1;

    /** Input channels, rounded up to 16. */
    static final int IN_STRIDE = 2;

    /** Output channels, rounded up to 16. */
    static final int OUT_STRIDE = 3;

    static final int FLIPPED = 4;
    static final int SIZE = 5;

    private Flip() {}
  }

  /** Places of {@link #weightGradient}. */
  static final class WeightGradient {
    /** First float of the input, border included. */
    static final int IN = 0;

    /** Floats from row to row of the input. */
    static final int IN_ROW = 1;

    /** Floats from image to image of the input. */
    static final int IN_IMAGE = 2;

    /** Floats from one output pixel's input to the next one's. */
    static final int PIXEL_STEP = 3;

    /** Channel stride of the input. */
    static final int IN_STRIDE = 4;

    static final int KERNEL_H = 5;
    static final int KERNEL_W = 6;

    /** Floats from one output row's input to the next one's. */
    static final int ROW_STEP = 7;

    static final int GRAD_OUT = 8;

    /** Channel stride of the output gradient. */
    static final int OUT_STRIDE = 9;

    static final int IMAGES = 10;
    static final int OUT_W = 11;
    static final int OUT_H = 12;

    /** The gradient of the weights, one for each chunk of images. */
    static final int GRADIENT = 13;

    /** Floats of the gradient of a chunk. */
    static final int CHUNK_FLOATS = 14;

    static final int CHUNKS = 15;
    static final int CHUNK_IMAGES = 16;

    /** 1 to add to the gradient, 0 to overwrite it. */
    static final int ACCUMULATE = 17;

    static final int SIZE = 18;

    private WeightGradient() {}
  }

  private ConvKernels() {}

  /**
   * out[n][y][x][o] = start + bias[o] + perImage[n][o] + sum over (ky, kx, c) of in[n][y * stride +
   * ky][x * stride + kx][c] * weights[ky][kx][c][o], for in [images][rows][columns][channels] with
   * its border and out [images][OUT_H][OUT_W][OUT_STRIDE].
   *
   * <p>One iteration: 8 output pixels of an image, in a rectangle of 8x1, 4x2, 2x4 or 1x8, by 32
   * output channels. Pixels beyond the image's edge repeat the last one. A 1x1 convolution may come
   * as one image of one row.
   */
  static void forward(FloatArray m, IntArray d) {
    int tilesX = d.get(Forward.TILES_X);
    int tilesY = d.get(Forward.TILES_Y);
    int tiles = tilesX * tilesY * d.get(Forward.IMAGES);
    int bound = tiles * ((d.get(Forward.OUT_STRIDE) + 31) / 32);
    for (@Parallel int t = 0; t < bound; t++) {
      int lanes = Lanes.width();
      int outStride = d.get(Forward.OUT_STRIDE);
      int shift = d.get(Forward.TILE_SHIFT);
      int tile = t % tiles;
      int block = t / tiles * 32;
      int end = Math.min(block + 32, outStride);
      int image = tile / (tilesX * tilesY);
      int x = tile % tilesX << shift;
      int y = tile / tilesX % tilesY << (3 - shift);
      int in =
          d.get(Forward.IN)
              + image * d.get(Forward.IN_IMAGE)
              + y * d.get(Forward.ROW_STEP)
              + x * d.get(Forward.PIXEL_STEP);
      int row = (image * d.get(Forward.OUT_H) + y) * d.get(Forward.OUT_W) + x;
      for (int o = block; o < end; o += 2 * lanes) {
        forwardTile(m, d, in, row, x, y, o, Math.min(o + lanes, outStride - lanes));
      }
      addVector(m, d, row, x, y, block, end, d.get(Forward.BIAS), 0);
      addVector(m, d, row, x, y, block, end, d.get(Forward.PER_IMAGE), outStride);
    }
  }

  /**
   * The register tile: 8 pixels by the vectors of output channels that start at oa and ob. A method
   * of its own, too long for C2 to inline, so that all of C2's budget for inlining goes to its
   * vectors: a single call that is not inlined boxes every vector.
   */
  private static void forwardTile(
      FloatArray m, IntArray d, int in, int row, int x, int y, int oa, int ob) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int rowStride = d.get(Forward.IN_ROW);
    int pixelStep = d.get(Forward.PIXEL_STEP);
    int run = d.get(Forward.RUN);
    int kernelH = d.get(Forward.KERNEL_H);
    int weights = d.get(Forward.WEIGHTS);
    int panel = d.get(Forward.PANEL);
    int outW = d.get(Forward.OUT_W);
    int rowStep = d.get(Forward.ROW_STEP);
    int shift = d.get(Forward.TILE_SHIFT);
    int mask = (1 << shift) - 1;
    int restX = outW - 1 - x;
    int restY = d.get(Forward.OUT_H) - 1 - y;
    int x0 = Math.min(0 & mask, restX);
    int y0 = Math.min(0 >> shift, restY);
    int at0 = in + y0 * rowStep + x0 * pixelStep;
    int o0 = y0 * outW + x0;
    int x1 = Math.min(1 & mask, restX);
    int y1 = Math.min(1 >> shift, restY);
    int at1 = in + y1 * rowStep + x1 * pixelStep;
    int o1 = y1 * outW + x1;
    int x2 = Math.min(2 & mask, restX);
    int y2 = Math.min(2 >> shift, restY);
    int at2 = in + y2 * rowStep + x2 * pixelStep;
    int o2 = y2 * outW + x2;
    int x3 = Math.min(3 & mask, restX);
    int y3 = Math.min(3 >> shift, restY);
    int at3 = in + y3 * rowStep + x3 * pixelStep;
    int o3 = y3 * outW + x3;
    int x4 = Math.min(4 & mask, restX);
    int y4 = Math.min(4 >> shift, restY);
    int at4 = in + y4 * rowStep + x4 * pixelStep;
    int o4 = y4 * outW + x4;
    int x5 = Math.min(5 & mask, restX);
    int y5 = Math.min(5 >> shift, restY);
    int at5 = in + y5 * rowStep + x5 * pixelStep;
    int o5 = y5 * outW + x5;
    int x6 = Math.min(6 & mask, restX);
    int y6 = Math.min(6 >> shift, restY);
    int at6 = in + y6 * rowStep + x6 * pixelStep;
    int o6 = y6 * outW + x6;
    int x7 = Math.min(7 & mask, restX);
    int y7 = Math.min(7 >> shift, restY);
    int at7 = in + y7 * rowStep + x7 * pixelStep;
    int o7 = y7 * outW + x7;
    int initial = d.get(Forward.START) + row * d.get(Forward.START_PIXEL);
    int ia = (initial + oa * d.get(Forward.START_CHANNEL)) / lanes;
    int ib = (initial + ob * d.get(Forward.START_CHANNEL)) / lanes;
    int iStep = d.get(Forward.START_PIXEL) / lanes;
    Float16 r0a = v.get(ia + o0 * iStep);
    Float16 r0b = v.get(ib + o0 * iStep);
    Float16 r1a = v.get(ia + o1 * iStep);
    Float16 r1b = v.get(ib + o1 * iStep);
    Float16 r2a = v.get(ia + o2 * iStep);
    Float16 r2b = v.get(ib + o2 * iStep);
    Float16 r3a = v.get(ia + o3 * iStep);
    Float16 r3b = v.get(ib + o3 * iStep);
    Float16 r4a = v.get(ia + o4 * iStep);
    Float16 r4b = v.get(ib + o4 * iStep);
    Float16 r5a = v.get(ia + o5 * iStep);
    Float16 r5b = v.get(ib + o5 * iStep);
    Float16 r6a = v.get(ia + o6 * iStep);
    Float16 r6b = v.get(ib + o6 * iStep);
    Float16 r7a = v.get(ia + o7 * iStep);
    Float16 r7b = v.get(ib + o7 * iStep);
    int qa = (weights + oa / 16 * panel + oa % 16) / lanes;
    int qb = (weights + ob / 16 * panel + ob % 16) / lanes;
    for (int ky = 0; ky < kernelH; ky++) {
      int p0 = at0 + ky * rowStride;
      int p1 = at1 + ky * rowStride;
      int p2 = at2 + ky * rowStride;
      int p3 = at3 + ky * rowStride;
      int p4 = at4 + ky * rowStride;
      int p5 = at5 + ky * rowStride;
      int p6 = at6 + ky * rowStride;
      int p7 = at7 + ky * rowStride;
      for (int k = 0; k < run; k++) {
        Float16 wa = v.get(qa + k * step);
        Float16 wb = v.get(qb + k * step);
        Float16 s;
        s = Lanes.splat(m.get(p0 + k));
        r0a = Lanes.mulAdd(wa, s, r0a);
        r0b = Lanes.mulAdd(wb, s, r0b);
        s = Lanes.splat(m.get(p1 + k));
        r1a = Lanes.mulAdd(wa, s, r1a);
        r1b = Lanes.mulAdd(wb, s, r1b);
        s = Lanes.splat(m.get(p2 + k));
        r2a = Lanes.mulAdd(wa, s, r2a);
        r2b = Lanes.mulAdd(wb, s, r2b);
        s = Lanes.splat(m.get(p3 + k));
        r3a = Lanes.mulAdd(wa, s, r3a);
        r3b = Lanes.mulAdd(wb, s, r3b);
        s = Lanes.splat(m.get(p4 + k));
        r4a = Lanes.mulAdd(wa, s, r4a);
        r4b = Lanes.mulAdd(wb, s, r4b);
        s = Lanes.splat(m.get(p5 + k));
        r5a = Lanes.mulAdd(wa, s, r5a);
        r5b = Lanes.mulAdd(wb, s, r5b);
        s = Lanes.splat(m.get(p6 + k));
        r6a = Lanes.mulAdd(wa, s, r6a);
        r6b = Lanes.mulAdd(wb, s, r6b);
        s = Lanes.splat(m.get(p7 + k));
        r7a = Lanes.mulAdd(wa, s, r7a);
        r7b = Lanes.mulAdd(wb, s, r7b);
      }
      qa += run * step;
      qb += run * step;
    }
    int out = d.get(Forward.OUT) + row * d.get(Forward.OUT_STRIDE);
    int sa = (out + oa) / lanes;
    int sb = (out + ob) / lanes;
    int sStep = d.get(Forward.OUT_STRIDE) / lanes;
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
   * Adds a vector to the tile's pixels: one for all, or with a stride each image's own. A second
   * pass, over a tile that is still in the nearest cache, because C2 gives up inlining when the
   * tile's code grows, and then every vector is boxed.
   */
  private static void addVector(
      FloatArray m,
      IntArray d,
      int row,
      int x,
      int y,
      int from,
      int to,
      int vector,
      int imageStride) {
    if (vector >= 0) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int outStride = d.get(Forward.OUT_STRIDE);
      int outW = d.get(Forward.OUT_W);
      int shift = d.get(Forward.TILE_SHIFT);
      int columns = Math.min(1 << shift, outW - x);
      int rows = Math.min(8 >> shift, d.get(Forward.OUT_H) - y);
      for (int i = 0; i < rows * columns; i++) {
        int r = row + i / columns * outW + i % columns;
        int out = d.get(Forward.OUT) + r * outStride;
        int added = vector + r / d.get(Forward.IMAGE_PIXELS) * imageStride;
        for (int o = from; o < to; o += lanes) {
          v.set((out + o) / lanes, Lanes.add(v.get((out + o) / lanes), v.get((added + o) / lanes)));
        }
      }
    }
  }

  /**
   * flipped[ky][kx][o][c] = weights[KERNEL_H - 1 - ky][KERNEL_W - 1 - kx][c][o]: weights
   * [OUT_STRIDE / 16][TAPS][IN_STRIDE][16] become [IN_STRIDE / 16][TAPS][OUT_STRIDE][16]. One
   * iteration writes one tap of one panel of 16 input channels.
   */
  static void flip(FloatArray m, IntArray d) {
    int taps = d.get(Flip.TAPS);
    int bound = taps * (d.get(Flip.IN_STRIDE) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      int cinStride = d.get(Flip.IN_STRIDE);
      int coutStride = d.get(Flip.OUT_STRIDE);
      int tap = t % taps;
      int cPanel = t / taps * 16;
      int target = d.get(Flip.FLIPPED) + (t - tap + taps - 1 - tap) * coutStride * 16;
      for (@Parallel int o = 0; o < coutStride; o++) {
        int source =
            d.get(Flip.WEIGHTS) + ((o / 16 * taps + tap) * cinStride + cPanel) * 16 + o % 16;
        for (int c = 0; c < 16; c++) {
          m.set(target + o * 16 + c, m.get(source + c * 16));
        }
      }
    }
  }

  /**
   * gradient[ky][kx][c][o] = sum over the (n, y, x) of a chunk of images of in[n][y * stride +
   * ky][x * stride + kx][c] * gradOut[n][y][x][o], for gradOut [images][OUT_H][OUT_W][OUT_STRIDE]
   * and, of each chunk, a gradient in the layout of weights. One iteration: 8 input channels, one
   * tap, 32 output channels, the images of a chunk.
   */
  static void weightGradient(FloatArray m, IntArray d) {
    int channelTiles = d.get(WeightGradient.IN_STRIDE) / 8;
    int taps = d.get(WeightGradient.KERNEL_H) * d.get(WeightGradient.KERNEL_W);
    int tiles = channelTiles * taps * ((d.get(WeightGradient.OUT_STRIDE) + 31) / 32);
    int bound = tiles * d.get(WeightGradient.CHUNKS);
    for (@Parallel int t = 0; t < bound; t++) {
      int lanes = Lanes.width();
      int kernelW = d.get(WeightGradient.KERNEL_W);
      int outStride = d.get(WeightGradient.OUT_STRIDE);
      int imagePixels = d.get(WeightGradient.OUT_W) * d.get(WeightGradient.OUT_H);
      int chunk = t / tiles;
      int tile = t % tiles;
      int c = tile % channelTiles * 8;
      int tap = tile / channelTiles % taps;
      int block = tile / (channelTiles * taps) * 32;
      int end = Math.min(block + 32, outStride);
      int firstImage = chunk * d.get(WeightGradient.CHUNK_IMAGES);
      int pixels =
          Math.min(d.get(WeightGradient.CHUNK_IMAGES), d.get(WeightGradient.IMAGES) - firstImage)
              * imagePixels;
      int in =
          d.get(WeightGradient.IN)
              + firstImage * d.get(WeightGradient.IN_IMAGE)
              + tap / kernelW * d.get(WeightGradient.IN_ROW)
              + tap % kernelW * d.get(WeightGradient.IN_STRIDE)
              + c;
      int gradOut = d.get(WeightGradient.GRAD_OUT) + firstImage * imagePixels * outStride;
      int target =
          d.get(WeightGradient.GRADIENT)
              + chunk * d.get(WeightGradient.CHUNK_FLOATS)
              + (tap * d.get(WeightGradient.IN_STRIDE) + c) * 16;
      for (int o = block; o < end; o += 2 * lanes) {
        weightGradientTile(
            m, d, in, gradOut, pixels, target, o, Math.min(o + lanes, outStride - lanes));
      }
    }
  }

  /**
   * The register tile: 8 input channels by two vectors of output channels, summed over pixels; see
   * forwardTile.
   */
  private static void weightGradientTile(
      FloatArray m, IntArray d, int in, int gradOut, int pixels, int target, int oa, int ob) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int imageStride = d.get(WeightGradient.IN_IMAGE);
    int pixelStep = d.get(WeightGradient.PIXEL_STEP);
    int panel =
        d.get(WeightGradient.KERNEL_H)
            * d.get(WeightGradient.KERNEL_W)
            * d.get(WeightGradient.IN_STRIDE)
            * 16;
    int rowStep = d.get(WeightGradient.ROW_STEP);
    int outW = d.get(WeightGradient.OUT_W);
    int outH = d.get(WeightGradient.OUT_H);
    int accumulate = d.get(WeightGradient.ACCUMULATE);
    int qa = (target + oa / 16 * panel + oa % 16) / lanes;
    int qb = (target + ob / 16 * panel + ob % 16) / lanes;
    int g = (gradOut + oa) / lanes;
    int toSecond = (ob - oa) / lanes;
    int gStep = d.get(WeightGradient.OUT_STRIDE) / lanes;
    // Without accumulate the sums start from the zeros at the start of the arena.
    int ia = qa * accumulate;
    int ib = qb * accumulate;
    int iStep = step * accumulate;
    Float16 r0a = v.get(ia);
    Float16 r0b = v.get(ib);
    Float16 r1a = v.get(ia + 1 * iStep);
    Float16 r1b = v.get(ib + 1 * iStep);
    Float16 r2a = v.get(ia + 2 * iStep);
    Float16 r2b = v.get(ib + 2 * iStep);
    Float16 r3a = v.get(ia + 3 * iStep);
    Float16 r3b = v.get(ib + 3 * iStep);
    Float16 r4a = v.get(ia + 4 * iStep);
    Float16 r4b = v.get(ib + 4 * iStep);
    Float16 r5a = v.get(ia + 5 * iStep);
    Float16 r5b = v.get(ib + 5 * iStep);
    Float16 r6a = v.get(ia + 6 * iStep);
    Float16 r6b = v.get(ib + 6 * iStep);
    Float16 r7a = v.get(ia + 7 * iStep);
    Float16 r7b = v.get(ib + 7 * iStep);
    int p = in;
    int x = 0;
    int y = 0;
    for (int j = 0; j < pixels; j++) {
      Float16 ga = v.get(g);
      Float16 gb = v.get(g + toSecond);
      Float16 s;
      s = Lanes.splat(m.get(p));
      r0a = Lanes.mulAdd(ga, s, r0a);
      r0b = Lanes.mulAdd(gb, s, r0b);
      s = Lanes.splat(m.get(p + 1));
      r1a = Lanes.mulAdd(ga, s, r1a);
      r1b = Lanes.mulAdd(gb, s, r1b);
      s = Lanes.splat(m.get(p + 2));
      r2a = Lanes.mulAdd(ga, s, r2a);
      r2b = Lanes.mulAdd(gb, s, r2b);
      s = Lanes.splat(m.get(p + 3));
      r3a = Lanes.mulAdd(ga, s, r3a);
      r3b = Lanes.mulAdd(gb, s, r3b);
      s = Lanes.splat(m.get(p + 4));
      r4a = Lanes.mulAdd(ga, s, r4a);
      r4b = Lanes.mulAdd(gb, s, r4b);
      s = Lanes.splat(m.get(p + 5));
      r5a = Lanes.mulAdd(ga, s, r5a);
      r5b = Lanes.mulAdd(gb, s, r5b);
      s = Lanes.splat(m.get(p + 6));
      r6a = Lanes.mulAdd(ga, s, r6a);
      r6b = Lanes.mulAdd(gb, s, r6b);
      s = Lanes.splat(m.get(p + 7));
      r7a = Lanes.mulAdd(ga, s, r7a);
      r7b = Lanes.mulAdd(gb, s, r7b);
      // One flat loop with carries beats nested loops: images of 4x4 would leave the inner one four
      // iterations.
      g += gStep;
      p += pixelStep;
      x++;
      if (x == outW) {
        x = 0;
        p += rowStep - outW * pixelStep;
        y++;
        if (y == outH) {
          y = 0;
          p += imageStride - outH * rowStep;
        }
      }
    }
    v.set(qa, r0a);
    v.set(qb, r0b);
    v.set(qa + 1 * step, r1a);
    v.set(qb + 1 * step, r1b);
    v.set(qa + 2 * step, r2a);
    v.set(qb + 2 * step, r2b);
    v.set(qa + 3 * step, r3a);
    v.set(qb + 3 * step, r3b);
    v.set(qa + 4 * step, r4a);
    v.set(qb + 4 * step, r4b);
    v.set(qa + 5 * step, r5a);
    v.set(qb + 5 * step, r5b);
    v.set(qa + 6 * step, r6a);
    v.set(qb + 6 * step, r6b);
    v.set(qa + 7 * step, r7a);
    v.set(qb + 7 * step, r7b);
  }
}
