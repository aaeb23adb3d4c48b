package io.github.tornadodiffusion.kernels.ops.noise;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Noise}: an iteration writes one row, as {@link Rows} lays out in the
 * descriptor.
 */
final class NoiseKernels {
  private NoiseKernels() {}

  /**
   * The same steps as {@link Philox}, which explains them. Behind the output stand channels,
   * channel stride, the offset of the seed block and the planes of an image: a plane is a run of
   * indices over all rows, of every channel its own or of all channels together.
   */
  static void gaussian(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int c = d.get(9);
    int stride = d.get(10);
    int seed = d.get(11);
    int planes = d.get(12);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int pixels = inner / stride;
      int o = start + left;
      for (int x = 0; x < pixels; x++) {
        for (int i = c; i < stride; i++) {
          m.set(o + x * stride + i, 0f);
        }
      }
      int key0 = word(m, seed);
      int key1 = word(m, seed + 2);
      int step = word(m, seed + 4);
      int stream = (int) m.get(seed + 6);
      int each = c / planes;
      int count = pixels * each;
      long whole = lowerHalf(word(m, seed + 7)) + ((long) word(m, seed + 9) << 32);
      for (int plane = 0; plane < planes; plane++) {
        int row = ((image * planes + plane) * h + y) * (length / stride) * each;
        long first = whole + row;
        // Blocks of four indices: a row's first and last one may belong in part to its neighbours.
        int before = (int) (first & 3);
        for (int at = 0 - before; at < count; at += 4) {
          long block = (first + at) >> 2;
          int c0 = (int) block;
          int c1 = (int) (block >> 32);
          int c2 = step;
          int c3 = stream;
          int k0 = key0;
          int k1 = key1;
          for (int round = 0; round < Philox.ROUNDS; round++) {
            int high0 = Philox.multiplyHigh(Philox.MULTIPLIER_0, c0);
            int high1 = Philox.multiplyHigh(Philox.MULTIPLIER_1, c2);
            int low0 = Philox.MULTIPLIER_0 * c0;
            int low1 = Philox.MULTIPLIER_1 * c2;
            c0 = high1 ^ c1 ^ k0;
            c1 = low1;
            c2 = high0 ^ c3 ^ k1;
            c3 = low0;
            k0 += Philox.WEYL_0;
            k1 += Philox.WEYL_1;
          }
          long radius = BoxMuller.radius(c0);
          put(m, o + plane, at, count, each, stride, BoxMuller.cosine(radius, c1));
          put(m, o + plane, at + 1, count, each, stride, BoxMuller.sine(radius, c1));
          radius = BoxMuller.radius(c2);
          put(m, o + plane, at + 2, count, each, stride, BoxMuller.cosine(radius, c3));
          put(m, o + plane, at + 3, count, each, stride, BoxMuller.sine(radius, c3));
        }
      }
    }
  }

  /** 32 bits from two floats that hold 16 each, lower ones first. */
  private static int word(FloatArray m, int at) {
    return Philox.word(m.get(at), m.get(at + 1));
  }

  /** The number from 0 to 2^32 - 1 whose bits these are. */
  private static long lowerHalf(int word) {
    return word & 0xFFFFFFFFL;
  }

  /**
   * Sets element {@code at} of a row of {@code count} elements, {@code each} of them in a pixel, if
   * the row has it.
   */
  private static void put(
      FloatArray m, int row, int at, int count, int each, int stride, float value) {
    if (at >= 0) {
      if (at < count) {
        m.set(row + at / each * stride + at % each, value);
      }
    }
  }

  /**
   * Not called mix, because OpenCL has a function of that name. Reads x and y; behind them stand
   * the offsets of a and b.
   */
  static void mixImages(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int first = d.get(9);
    int firstRow = d.get(10);
    int firstImage = d.get(11);
    int second = d.get(12);
    int secondRow = d.get(13);
    int secondImage = d.get(14);
    int a = d.get(15);
    int b = d.get(16);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int o = (start + left) / lanes;
      int firstAt = (first + image * firstImage + y * firstRow) / lanes;
      int secondAt = (second + image * secondImage + y * secondRow) / lanes;
      Float16 p = Lanes.splat(m.get(a + image));
      Float16 q = Lanes.splat(m.get(b + image));
      int count = inner / lanes;
      for (int i = 0; i < count; i++) {
        v.set(o + i, Lanes.mulAdd(p, v.get(firstAt + i), Lanes.mul(q, v.get(secondAt + i))));
      }
    }
  }
}
