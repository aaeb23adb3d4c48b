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
 * completely; larger tiles fall off that cliff. In {@code forward} a row is an output pixel and the
 * taps of one kernel row are contiguous in memory (kx, then channel), so the inner loop is kernelW
 * * channels long. In {@code weightGradient} a row is an input channel and the loop runs over all
 * pixels of a few images.
 */
public final class ConvKernels {
  private ConvKernels() {}

  /**
   * Descriptor: 0 first float of the input, border included; 1 floats from row to row of it, 2 from
   * image to image, 3 from one output pixel's input to the next one's; 4 floats of a kernel row
   * (kernelW * channel stride), 5 kernelH; 6 weights, 7 floats of a panel of 16 output channels; 8
   * out, 9 its channel stride; 10 and 11 tiles across and down an image, 12 images, 13 width and 14
   * height of out; 15 floats from one output row's input to the next one's; 16 log2 of a tile's
   * width; 17 what the sums start from, 18 floats from pixel to pixel of it, 19 whether it is there
   * (else 17 is a zero vector); 20 bias to add or -1; 21 values per image to add or -1, 22 pixels
   * that share them. A 1x1 convolution may come as one image of one row. One iteration: 8 output
   * pixels of an image, in a rectangle of 8x1, 4x2, 2x4 or 1x8, by 32 output channels. Pixels
   * beyond the image's edge repeat the last one.
   */
  static void forward(FloatArray m, IntArray d) {
    int tilesX = d.get(10);
    int tilesY = d.get(11);
    int tiles = tilesX * tilesY * d.get(12);
    int bound = tiles * ((d.get(9) + 31) / 32);
    for (@Parallel int t = 0; t < bound; t++) {
      int lanes = Lanes.width();
      int outStride = d.get(9);
      int shift = d.get(16);
      int tile = t % tiles;
      int block = t / tiles * 32;
      int end = Math.min(block + 32, outStride);
      int image = tile / (tilesX * tilesY);
      int x = tile % tilesX << shift;
      int y = tile / tilesX % tilesY << (3 - shift);
      int in = d.get(0) + image * d.get(2) + y * d.get(15) + x * d.get(3);
      int row = (image * d.get(14) + y) * d.get(13) + x;
      for (int o = block; o < end; o += 2 * lanes) {
        forwardTile(m, d, in, row, x, y, o, Math.min(o + lanes, outStride - lanes));
      }
      addVector(m, d, row, x, y, block, end, d.get(20), 0);
      addVector(m, d, row, x, y, block, end, d.get(21), outStride);
    }
  }

  /**
   * The register tile: 8 pixels by the vectors of output channels that start at oa and ob. A method
   * of its own, too long for C2 to inline, so that all of C2's budget for inlining goes to its
   * vectors: where one call is left, every vector is boxed.
   */
  private static void forwardTile(
      FloatArray m, IntArray d, int in, int row, int x, int y, int oa, int ob) {
    VectorFloat16 v = new VectorFloat16(m);
    int lanes = Lanes.width();
    int step = 16 / lanes;
    int rowStride = d.get(1);
    int pixelStep = d.get(3);
    int run = d.get(4);
    int kernelH = d.get(5);
    int weights = d.get(6);
    int panel = d.get(7);
    int outW = d.get(13);
    int rowStep = d.get(15);
    int shift = d.get(16);
    int mask = (1 << shift) - 1;
    int restX = outW - 1 - x;
    int restY = d.get(14) - 1 - y;
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
    int initial = d.get(17) + row * d.get(18);
    int ia = (initial + oa * d.get(19)) / lanes;
    int ib = (initial + ob * d.get(19)) / lanes;
    int iStep = d.get(18) / lanes;
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
    int out = d.get(8) + row * d.get(9);
    int sa = (out + oa) / lanes;
    int sb = (out + ob) / lanes;
    int sStep = d.get(9) / lanes;
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
      int outStride = d.get(9);
      int outW = d.get(13);
      int shift = d.get(16);
      int columns = Math.min(1 << shift, outW - x);
      int rows = Math.min(8 >> shift, d.get(14) - y);
      for (int i = 0; i < rows * columns; i++) {
        int r = row + i / columns * outW + i % columns;
        int out = d.get(8) + r * outStride;
        int added = vector + r / d.get(22) * imageStride;
        for (int o = from; o < to; o += lanes) {
          v.set((out + o) / lanes, Lanes.add(v.get((out + o) / lanes), v.get((added + o) / lanes)));
        }
      }
    }
  }

  /**
   * Descriptor: 0 weights, 1 taps (kernelH * kernelW), 2 and 3 input and output channels, rounded
   * up to 16, 4 flipped weights. One iteration writes one tap of one panel of 16 input channels.
   */
  static void flip(FloatArray m, IntArray d) {
    int taps = d.get(1);
    int bound = taps * (d.get(2) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      int cinStride = d.get(2);
      int coutStride = d.get(3);
      int tap = t % taps;
      int cPanel = t / taps * 16;
      int target = d.get(4) + (t - tap + taps - 1 - tap) * coutStride * 16;
      for (@Parallel int o = 0; o < coutStride; o++) {
        int source = d.get(0) + ((o / 16 * taps + tap) * cinStride + cPanel) * 16 + o % 16;
        for (int c = 0; c < 16; c++) {
          m.set(target + o * 16 + c, m.get(source + c * 16));
        }
      }
    }
  }

  /**
   * Descriptor: 0 to 3 as for {@link #forward}; 4 channel stride of the input, 5 kernelH, 6
   * kernelW; 7 floats from one output row's input to the next one's; 8 gradOut, 9 its channel
   * stride, 10 images, 11 width and 12 height; 13 the gradient, 14 floats of it for each chunk of
   * images, 15 chunks, 16 images of a chunk, 17 whether to add to it. One iteration: 8 input
   * channels, one tap, 32 output channels, some images.
   */
  static void weightGradient(FloatArray m, IntArray d) {
    int channelTiles = d.get(4) / 8;
    int taps = d.get(5) * d.get(6);
    int tiles = channelTiles * taps * ((d.get(9) + 31) / 32);
    int bound = tiles * d.get(15);
    for (@Parallel int t = 0; t < bound; t++) {
      int lanes = Lanes.width();
      int kernelW = d.get(6);
      int outStride = d.get(9);
      int imagePixels = d.get(11) * d.get(12);
      int chunk = t / tiles;
      int tile = t % tiles;
      int c = tile % channelTiles * 8;
      int tap = tile / channelTiles % taps;
      int block = tile / (channelTiles * taps) * 32;
      int end = Math.min(block + 32, outStride);
      int firstImage = chunk * d.get(16);
      int pixels = Math.min(d.get(16), d.get(10) - firstImage) * imagePixels;
      int in =
          d.get(0)
              + firstImage * d.get(2)
              + tap / kernelW * d.get(1)
              + tap % kernelW * d.get(4)
              + c;
      int gradOut = d.get(8) + firstImage * imagePixels * outStride;
      int target = d.get(13) + chunk * d.get(14) + (tap * d.get(4) + c) * 16;
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
    int imageStride = d.get(2);
    int pixelStep = d.get(3);
    int panel = d.get(5) * d.get(6) * d.get(4) * 16;
    int rowStep = d.get(7);
    int outW = d.get(11);
    int outH = d.get(12);
    int accumulate = d.get(17);
    int qa = (target + oa / 16 * panel + oa % 16) / lanes;
    int qb = (target + ob / 16 * panel + ob % 16) / lanes;
    int g = (gradOut + oa) / lanes;
    int toSecond = (ob - oa) / lanes;
    int gStep = d.get(9) / lanes;
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
