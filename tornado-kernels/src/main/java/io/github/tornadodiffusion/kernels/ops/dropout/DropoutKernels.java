package io.github.tornadodiffusion.kernels.ops.dropout;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.noise.Philox;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;

/**
 * The kernel of {@link Dropout}: an iteration writes one row, with the descriptor of {@link Rows}.
 */
final class DropoutKernels {
  /** Places after x, the input. */
  static final int CHANNELS = Rows.SECOND;

  static final int STRIDE = CHANNELS + 1;

  /** Offset of the seed block. */
  static final int SEED = STRIDE + 1;

  /** An element stays if the upper 24 bits of its random word are at least this. */
  static final int LEAST = SEED + 1;

  /** Offset of what the elements that stay are multiplied by. */
  static final int SCALE = LEAST + 1;

  private DropoutKernels() {}

  /**
   * out[index] = x[index] * (0 where the random word of the index is below the least, else scale).
   * The words are those of {@link Philox}, four to a block.
   */
  static void drop(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int in = d.get(Rows.IN);
    int inRow = d.get(Rows.IN_ROW);
    int inImage = d.get(Rows.IN_IMAGE);
    int c = d.get(CHANNELS);
    int stride = d.get(STRIDE);
    int seed = d.get(SEED);
    int least = d.get(LEAST);
    float scale = m.get(d.get(SCALE));
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
      int x = in + image * inImage + y * inRow;
      int key0 = Philox.word(m.get(seed), m.get(seed + 1));
      int key1 = Philox.word(m.get(seed + 2), m.get(seed + 3));
      int step = Philox.word(m.get(seed + 4), m.get(seed + 5));
      int stream = (int) m.get(seed + 6);
      int firstImage = Philox.word(m.get(seed + 7), m.get(seed + 8));
      int count = pixels * c;
      long perRow = (long) (length / stride) * c;
      long first = (((long) firstImage + image) * h + y) * perRow;
      // Blocks of four indices: the first and last block of a row may also hold indices of
      // neighbouring rows.
      int before = (int) (first & 3);
      int blocks = (before + count + 3) / 4;
      int padded = accumulate == 0 ? pixels : 0;
      int turns = Math.max(blocks, padded);
      for (@Parallel int b = 0; b < turns; b++) {
        int padding = b < padded ? c : stride;
        for (int i = padding; i < stride; i++) {
          m.set(o + b * stride + i, 0f);
        }
        int at = 4 * b - before;
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
        put(m, x, o, at, count, c, stride, factor(c0, least, scale), accumulate);
        put(m, x, o, at + 1, count, c, stride, factor(c1, least, scale), accumulate);
        put(m, x, o, at + 2, count, c, stride, factor(c2, least, scale), accumulate);
        put(m, x, o, at + 3, count, c, stride, factor(c3, least, scale), accumulate);
      }
    }
  }

  /** What an element is multiplied by; masked because TornadoVM shifts the sign in. */
  private static float factor(int word, int least, float scale) {
    return ((word >> 8) & 0xFFFFFF) < least ? 0f : scale;
  }

  /** Writes element {@code at} of a row of {@code count} elements, if the row has it. */
  private static void put(
      FloatArray m,
      int in,
      int out,
      int at,
      int count,
      int c,
      int stride,
      float factor,
      int accumulate) {
    if (at >= 0) {
      if (at < count) {
        int place = at / c * stride + at % c;
        float value = m.get(in + place) * factor;
        m.set(out + place, accumulate == 0 ? value : m.get(out + place) + value);
      }
    }
  }
}
