package io.github.tornadodiffusion.kernels.ops.noise;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Noise}: an iteration writes one row, with the descriptor of {@link Rows}. All
 * blocks are [n, h, w, c].
 */
final class NoiseKernels {
  /** Places of {@link #gaussian}, which reads no block. */
  static final class Gaussian {
    static final int CHANNELS = Rows.IN;
    static final int STRIDE = CHANNELS + 1;

    /** Offset of the seed block. */
    static final int SEED = STRIDE + 1;

    /**
     * Planes of an image: a plane is a run of indices over all pixels, either one plane for each
     * channel or one for all channels together.
     */
    static final int PLANES = SEED + 1;

    private Gaussian() {}
  }

  /** Places after x and y, the inputs of {@link #mixImages}. */
  static final class MixImages {
    /** Offset of the factors of x, [n]. */
    static final int A = Rows.IN + 2 * Rows.PER_INPUT;

    /** Offset of the factors of y, [n]. */
    static final int B = A + 1;

    private MixImages() {}
  }

  private NoiseKernels() {}

  /**
   * out[index] = standard normal value of the index, by seed, stream and step of the seed block:
   * the same steps as {@link Philox}, which explains them.
   */
  static void gaussian(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int c = d.get(Gaussian.CHANNELS);
    int stride = d.get(Gaussian.STRIDE);
    int seed = d.get(Gaussian.SEED);
    int planes = d.get(Gaussian.PLANES);
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
      int key0 = word(m, seed);
      int key1 = word(m, seed + 2);
      int step = word(m, seed + 4);
      int stream = (int) m.get(seed + 6);
      int each = c / planes;
      int count = pixels * each;
      long whole = lowerHalf(word(m, seed + 7)) + ((long) word(m, seed + 9) << 32);
      // Blocks of four indices: the first and last block of a row may also hold indices of
      // neighbouring rows.
      int blocks = (count + 3) / 4 + 1;
      int turns = Math.max(planes * blocks, pixels);
      for (@Parallel int j = 0; j < turns; j++) {
        int padding = j < pixels ? c : stride;
        for (int i = padding; i < stride; i++) {
          m.set(o + j * stride + i, 0f);
        }
        int plane = j / blocks;
        int row = ((image * planes + plane) * h + y) * (length / stride) * each;
        long first = whole + row;
        int at = (j - plane * blocks) * 4 - (int) (first & 3);
        if (plane < planes && at < count) {
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
   * out[i] = a[i] * x[i] + b[i] * y[i] for image i. Not called mix, because OpenCL has a function
   * of that name.
   */
  static void mixImages(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int first = d.get(Rows.IN);
    int firstRow = d.get(Rows.IN_ROW);
    int firstImage = d.get(Rows.IN_IMAGE);
    int second = d.get(Rows.SECOND);
    int secondRow = d.get(Rows.SECOND_ROW);
    int secondImage = d.get(Rows.SECOND_IMAGE);
    int a = d.get(MixImages.A);
    int b = d.get(MixImages.B);
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
      for (@Parallel int i = 0; i < count; i++) {
        v.set(o + i, Lanes.mulAdd(p, v.get(firstAt + i), Lanes.mul(q, v.get(secondAt + i))));
      }
    }
  }
}
