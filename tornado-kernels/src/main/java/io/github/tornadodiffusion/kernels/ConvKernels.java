package io.github.tornadodiffusion.kernels;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernels behind {@link Conv}.
 *
 * <p>{@code forward} and {@code weightGradient} keep a register tile of 8 rows by 2 vectors of output channels: every
 * multiply-add has its operands in registers or in one load, and 16 independent sums hide the latency. Eight rows and two
 * vectors are also what C2 inlines completely; larger tiles fall off that cliff. In {@code forward} a row is an output
 * pixel and the taps of one kernel row are contiguous in memory (kx, then channel), so the inner loop is kernelW * channels
 * long. In {@code weightGradient} a row is an input channel and the loop runs over all pixels of a few images.
 */
final class ConvKernels {
  private ConvKernels() {}

  /** Descriptor: see {@link Conv#forward}. */
  static void forward(FloatArray m, IntArray d) {
    int rowTiles = (d.get(10) + 7) / 8;
    int outStride = d.get(9);
    int bound = rowTiles * ((outStride + 31) / 32);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int rowStride = d.get(1);
      int run = d.get(4);
      int kernelH = d.get(5);
      int weights = d.get(6);
      int panel = d.get(7);
      int step = 16 / lanes;
      int block = t / rowTiles * 32;
      int end = Math.min(block + 32, outStride);
      int row = t % rowTiles * 8;
      int at0 = pixel(d, row);
      int at1 = pixel(d, row + 1);
      int at2 = pixel(d, row + 2);
      int at3 = pixel(d, row + 3);
      int at4 = pixel(d, row + 4);
      int at5 = pixel(d, row + 5);
      int at6 = pixel(d, row + 6);
      int at7 = pixel(d, row + 7);
      for (int oa = block; oa < end; oa += 2 * lanes) {
        int ob = Math.min(oa + lanes, outStride - lanes);
        int qa = (weights + oa / 16 * panel + oa % 16) / lanes;
        int qb = (weights + ob / 16 * panel + ob % 16) / lanes;
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
            Float16 x;
            x = Lanes.splat(m.get(p0 + k));
            r0a = Lanes.mulAdd(wa, x, r0a);
            r0b = Lanes.mulAdd(wb, x, r0b);
            x = Lanes.splat(m.get(p1 + k));
            r1a = Lanes.mulAdd(wa, x, r1a);
            r1b = Lanes.mulAdd(wb, x, r1b);
            x = Lanes.splat(m.get(p2 + k));
            r2a = Lanes.mulAdd(wa, x, r2a);
            r2b = Lanes.mulAdd(wb, x, r2b);
            x = Lanes.splat(m.get(p3 + k));
            r3a = Lanes.mulAdd(wa, x, r3a);
            r3b = Lanes.mulAdd(wb, x, r3b);
            x = Lanes.splat(m.get(p4 + k));
            r4a = Lanes.mulAdd(wa, x, r4a);
            r4b = Lanes.mulAdd(wb, x, r4b);
            x = Lanes.splat(m.get(p5 + k));
            r5a = Lanes.mulAdd(wa, x, r5a);
            r5b = Lanes.mulAdd(wb, x, r5b);
            x = Lanes.splat(m.get(p6 + k));
            r6a = Lanes.mulAdd(wa, x, r6a);
            r6b = Lanes.mulAdd(wb, x, r6b);
            x = Lanes.splat(m.get(p7 + k));
            r7a = Lanes.mulAdd(wa, x, r7a);
            r7b = Lanes.mulAdd(wb, x, r7b);
          }
          qa += run * step;
          qb += run * step;
        }
        store(m, d, row, oa, ob, r0a, r0b);
        store(m, d, row + 1, oa, ob, r1a, r1b);
        store(m, d, row + 2, oa, ob, r2a, r2b);
        store(m, d, row + 3, oa, ob, r3a, r3b);
        store(m, d, row + 4, oa, ob, r4a, r4b);
        store(m, d, row + 5, oa, ob, r5a, r5b);
        store(m, d, row + 6, oa, ob, r6a, r6b);
        store(m, d, row + 7, oa, ob, r7a, r7b);
      }
    }
  }

  /** Where the receptive field of an output pixel starts; rows beyond the last read the last one's. */
  private static int pixel(IntArray d, int row) {
    int outW = d.get(11);
    int outH = d.get(12);
    int r = Math.min(row, d.get(10) - 1);
    int y = r / outW;
    return d.get(0) + y / outH * d.get(2) + y % outH * d.get(13) + r % outW * d.get(3);
  }

  /** Adds bias, per-image vector and residual to two vectors of a row and stores them. */
  private static void store(FloatArray m, IntArray d, int row, int oa, int ob, Float16 a, Float16 b) {
    if (row < d.get(10)) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int outStride = d.get(9);
      int bias = d.get(14);
      int perImage = d.get(15);
      int residual = d.get(16);
      Float16 sa = a;
      Float16 sb = b;
      if (bias >= 0) {
        sa = Lanes.add(sa, v.get((bias + oa) / lanes));
        sb = Lanes.add(sb, v.get((bias + ob) / lanes));
      }
      if (perImage >= 0) {
        int at = perImage + row / (d.get(11) * d.get(12)) * outStride;
        sa = Lanes.add(sa, v.get((at + oa) / lanes));
        sb = Lanes.add(sb, v.get((at + ob) / lanes));
      }
      if (residual >= 0) {
        int at = residual + row * outStride;
        sa = Lanes.add(sa, v.get((at + oa) / lanes));
        sb = Lanes.add(sb, v.get((at + ob) / lanes));
      }
      int at = d.get(8) + row * outStride;
      v.set((at + oa) / lanes, sa);
      v.set((at + ob) / lanes, sb);
    }
  }

  /** Descriptor: see {@link Conv#flip}. One iteration writes one tap of one panel of 16 input channels. */
  static void flip(FloatArray m, IntArray d) {
    int taps = d.get(1);
    int bound = taps * (d.get(2) / 16);
    for (@Parallel int t = 0; t < bound; t++) {
      int cinStride = d.get(2);
      int coutStride = d.get(3);
      int tap = t % taps;
      int cPanel = t / taps * 16;
      int target = d.get(4) + (t - tap + taps - 1 - tap) * coutStride * 16;
      for (int o = 0; o < coutStride; o++) {
        int source = d.get(0) + ((o / 16 * taps + tap) * cinStride + cPanel) * 16 + o % 16;
        for (int c = 0; c < 16; c++) {
          m.set(target + o * 16 + c, m.get(source + c * 16));
        }
      }
    }
  }

  /** Descriptor: see {@link Conv#weightGradient}. One iteration: 8 input channels, one tap, 32 output channels, some images. */
  static void weightGradient(FloatArray m, IntArray d) {
    int channelTiles = d.get(4) / 8;
    int taps = d.get(5) * d.get(6);
    int tiles = channelTiles * taps * ((d.get(9) + 31) / 32);
    int bound = tiles * d.get(15);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int rowStride = d.get(1);
      int imageStride = d.get(2);
      int pixelStep = d.get(3);
      int inStride = d.get(4);
      int kernelW = d.get(6);
      int rowStep = d.get(7);
      int outStride = d.get(9);
      int outW = d.get(11);
      int outH = d.get(12);
      int images = d.get(16);
      int accumulate = d.get(17);
      int chunk = t / tiles;
      int tile = t % tiles;
      int c0 = tile % channelTiles * 8;
      int tap = tile / channelTiles % taps;
      int block = tile / (channelTiles * taps) * 32;
      int end = Math.min(block + 32, outStride);
      int firstImage = chunk * images;
      int pixels = Math.min(images, d.get(10) - firstImage) * outH * outW;
      int start = d.get(0) + firstImage * imageStride + tap / kernelW * rowStride + tap % kernelW * inStride + c0;
      int target = d.get(13) + chunk * d.get(14);
      int step = 16 / lanes;
      for (int oa = block; oa < end; oa += 2 * lanes) {
        int ob = Math.min(oa + lanes, outStride - lanes);
        int qa = (target + ((oa / 16 * taps + tap) * inStride + c0) * 16 + oa % 16) / lanes;
        int qb = (target + ((ob / 16 * taps + tap) * inStride + c0) * 16 + ob % 16) / lanes;
        int g = (d.get(8) + firstImage * outH * outW * outStride + oa) / lanes;
        int toSecond = (ob - oa) / lanes;
        int gStep = outStride / lanes;
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
        int p = start;
        int x0 = 0;
        int y0 = 0;
        for (int j = 0; j < pixels; j++) {
          Float16 ga = v.get(g);
          Float16 gb = v.get(g + toSecond);
          Float16 x;
          x = Lanes.splat(m.get(p));
          r0a = Lanes.mulAdd(ga, x, r0a);
          r0b = Lanes.mulAdd(gb, x, r0b);
          x = Lanes.splat(m.get(p + 1));
          r1a = Lanes.mulAdd(ga, x, r1a);
          r1b = Lanes.mulAdd(gb, x, r1b);
          x = Lanes.splat(m.get(p + 2));
          r2a = Lanes.mulAdd(ga, x, r2a);
          r2b = Lanes.mulAdd(gb, x, r2b);
          x = Lanes.splat(m.get(p + 3));
          r3a = Lanes.mulAdd(ga, x, r3a);
          r3b = Lanes.mulAdd(gb, x, r3b);
          x = Lanes.splat(m.get(p + 4));
          r4a = Lanes.mulAdd(ga, x, r4a);
          r4b = Lanes.mulAdd(gb, x, r4b);
          x = Lanes.splat(m.get(p + 5));
          r5a = Lanes.mulAdd(ga, x, r5a);
          r5b = Lanes.mulAdd(gb, x, r5b);
          x = Lanes.splat(m.get(p + 6));
          r6a = Lanes.mulAdd(ga, x, r6a);
          r6b = Lanes.mulAdd(gb, x, r6b);
          x = Lanes.splat(m.get(p + 7));
          r7a = Lanes.mulAdd(ga, x, r7a);
          r7b = Lanes.mulAdd(gb, x, r7b);
          // One flat loop with carries beats nested loops: images of 4x4 would leave the inner one four iterations.
          g += gStep;
          p += pixelStep;
          x0++;
          if (x0 == outW) {
            x0 = 0;
            p += rowStep - outW * pixelStep;
            y0++;
            if (y0 == outH) {
              y0 = 0;
              p += imageStride - outH * rowStep;
            }
          }
        }
        storeGradient(m, qa, qb, accumulate, r0a, r0b);
        storeGradient(m, qa + 1 * step, qb + 1 * step, accumulate, r1a, r1b);
        storeGradient(m, qa + 2 * step, qb + 2 * step, accumulate, r2a, r2b);
        storeGradient(m, qa + 3 * step, qb + 3 * step, accumulate, r3a, r3b);
        storeGradient(m, qa + 4 * step, qb + 4 * step, accumulate, r4a, r4b);
        storeGradient(m, qa + 5 * step, qb + 5 * step, accumulate, r5a, r5b);
        storeGradient(m, qa + 6 * step, qb + 6 * step, accumulate, r6a, r6b);
        storeGradient(m, qa + 7 * step, qb + 7 * step, accumulate, r7a, r7b);
      }
    }
  }

  private static void storeGradient(FloatArray m, int qa, int qb, int accumulate, Float16 a, Float16 b) {
    VectorFloat16 v = new VectorFloat16(m);
    Float16 sa = a;
    Float16 sb = b;
    if (accumulate != 0) {
      sa = Lanes.add(sa, v.get(qa));
      sb = Lanes.add(sb, v.get(qb));
    }
    v.set(qa, sa);
    v.set(qb, sb);
  }
}
