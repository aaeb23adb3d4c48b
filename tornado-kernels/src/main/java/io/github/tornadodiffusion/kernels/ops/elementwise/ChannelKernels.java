package io.github.tornadodiffusion.kernels.ops.elementwise;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * The kernels of {@link Elementwise} that do not treat all channels alike: an iteration writes one
 * row, with the descriptor of {@link Rows}. All blocks are [n, h, w, channels].
 */
final class ChannelKernels {
  /** Places after the input of {@link #softmax}. */
  static final class Softmax {
    static final int CHANNELS = Rows.IN + Rows.PER_INPUT;
    static final int STRIDE = CHANNELS + 1;

    private Softmax() {}
  }

  /** Places after softmax and gradOut, the inputs of {@link #softmaxBackward}. */
  static final class SoftmaxBackward {
    static final int STRIDE = Rows.IN + 2 * Rows.PER_INPUT;

    private SoftmaxBackward() {}
  }

  /** Places after a and b, the inputs of {@link #concat}. */
  static final class Concat {
    static final int A_CHANNELS = Rows.IN + 2 * Rows.PER_INPUT;
    static final int A_STRIDE = A_CHANNELS + 1;
    static final int B_CHANNELS = A_STRIDE + 1;
    static final int B_STRIDE = B_CHANNELS + 1;

    /** Channel stride of the output. */
    static final int STRIDE = B_STRIDE + 1;

    private Concat() {}
  }

  /** Places after the input of {@link #slice}. */
  static final class Slice {
    /** The first channel. */
    static final int FROM = Rows.IN + Rows.PER_INPUT;

    static final int IN_STRIDE = FROM + 1;

    /** Channels of the output. */
    static final int CHANNELS = IN_STRIDE + 1;

    /** Channel stride of the output. */
    static final int STRIDE = CHANNELS + 1;

    private Slice() {}
  }

  private ChannelKernels() {}

  /** out[k] = exp(in[k] - max) / sum over j of exp(in[j] - max), over the channels of a pixel. */
  static void softmax(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int in = d.get(Rows.IN);
    int inRow = d.get(Rows.IN_ROW);
    int inImage = d.get(Rows.IN_IMAGE);
    int c = d.get(Softmax.CHANNELS);
    int stride = d.get(Softmax.STRIDE);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int whole = c / lanes;
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = start + left + x * stride;
        int inAt = in + image * inImage + y * inRow + x * stride;
        float first = m.get(inAt);
        Float16 peaks = Lanes.splat(first);
        for (int i = 0; i < whole; i++) {
          peaks = Lanes.max(peaks, v.get(inAt / lanes + i));
        }
        float peak = Lanes.largest(peaks);
        for (int i = whole * lanes; i < c; i++) {
          peak = TornadoMath.max(peak, m.get(inAt + i));
        }
        Float16 shift = Lanes.splat(peak);
        Float16 sums = Lanes.zero();
        for (int i = 0; i < whole; i++) {
          Float16 e = Lanes.exp(Lanes.sub(v.get(inAt / lanes + i), shift));
          v.set(o / lanes + i, e);
          sums = Lanes.add(sums, e);
        }
        float sum = Lanes.sum(sums);
        for (int i = whole * lanes; i < c; i++) {
          float e = TornadoMath.exp(m.get(inAt + i) - peak);
          m.set(o + i, e);
          sum = sum + e;
        }
        float norm = 1f / sum;
        Float16 norms = Lanes.splat(norm);
        for (int i = 0; i < whole; i++) {
          v.set(o / lanes + i, Lanes.mul(v.get(o / lanes + i), norms));
        }
        for (int i = whole * lanes; i < c; i++) {
          m.set(o + i, m.get(o + i) * norm);
        }
        for (int i = c; i < stride; i++) {
          m.set(o + i, 0f);
        }
      }
    }
  }

  /**
   * out[k] = soft[k] * (grad[k] - sum over j of soft[j] * grad[j]), over the channels of a pixel.
   * The padding lanes stay zero because softmax is zero there.
   */
  static void softmaxBackward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int accumulate = d.get(Rows.ACCUMULATE);
    int soft = d.get(Rows.IN);
    int softRow = d.get(Rows.IN_ROW);
    int softImage = d.get(Rows.IN_IMAGE);
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
    int stride = d.get(SoftmaxBackward.STRIDE);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int count = stride / lanes;
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = start + left + x * stride;
        int softAt = soft + image * softImage + y * softRow + x * stride;
        int gradAt = grad + image * gradImage + y * gradRow + x * stride;
        Float16 products = Lanes.zero();
        for (int i = 0; i < count; i++) {
          products = Lanes.mulAdd(v.get(softAt / lanes + i), v.get(gradAt / lanes + i), products);
        }
        Float16 mean = Lanes.splat(Lanes.sum(products));
        for (int i = 0; i < count; i++) {
          Float16 r =
              Lanes.mul(v.get(softAt / lanes + i), Lanes.sub(v.get(gradAt / lanes + i), mean));
          if (accumulate == 0) {
            v.set(o / lanes + i, r);
          } else {
            v.set(o / lanes + i, Lanes.add(v.get(o / lanes + i), r));
          }
        }
      }
    }
  }

  /** out = the channels of a, then those of b; a has a multiple of 16. */
  static void concat(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int a = d.get(Rows.IN);
    int aRow = d.get(Rows.IN_ROW);
    int aImage = d.get(Rows.IN_IMAGE);
    int b = d.get(Rows.SECOND);
    int bRow = d.get(Rows.SECOND_ROW);
    int bImage = d.get(Rows.SECOND_IMAGE);
    int ac = d.get(Concat.A_CHANNELS);
    int aStride = d.get(Concat.A_STRIDE);
    int bStride = d.get(Concat.B_STRIDE);
    int stride = d.get(Concat.STRIDE);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = start + left + x * stride;
        int aAt = a + image * aImage + y * aRow + x * aStride;
        int bAt = b + image * bImage + y * bRow + x * bStride;
        int whole = ac / lanes;
        for (@Parallel int i = 0; i < stride / lanes; i++) {
          int from = i < whole ? aAt / lanes : bAt / lanes - whole;
          v.set(o / lanes + i, v.get(from + i));
        }
      }
    }
  }

  /** As {@link #concat}, for any channels. */
  static void concatUnaligned(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int top = d.get(Rows.TOP);
    int h = d.get(Rows.H);
    int left = d.get(Rows.LEFT);
    int length = d.get(Rows.LENGTH);
    int pitch = d.get(Rows.PITCH);
    int out = d.get(Rows.OUT);
    int a = d.get(Rows.IN);
    int aRow = d.get(Rows.IN_ROW);
    int aImage = d.get(Rows.IN_IMAGE);
    int b = d.get(Rows.SECOND);
    int bRow = d.get(Rows.SECOND_ROW);
    int bImage = d.get(Rows.SECOND_IMAGE);
    int ac = d.get(Concat.A_CHANNELS);
    int aStride = d.get(Concat.A_STRIDE);
    int bc = d.get(Concat.B_CHANNELS);
    int bStride = d.get(Concat.B_STRIDE);
    int stride = d.get(Concat.STRIDE);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = start + left + x * stride;
        int aAt = a + image * aImage + y * aRow + x * aStride;
        int bAt = b + image * bImage + y * bRow + x * bStride;
        for (@Parallel int i = 0; i < stride; i++) {
          float r = 0f;
          if (i < ac) {
            r = m.get(aAt + i);
          } else {
            if (i < ac + bc) {
              r = m.get(bAt + i - ac);
            }
          }
          m.set(o + i, r);
        }
      }
    }
  }

  /**
   * out[k] = in[from + k], over the channels of a pixel; from is a multiple of 16, and the lanes
   * after the last channel are zero in the input.
   */
  static void slice(FloatArray m, IntArray d) {
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
    int from = d.get(Slice.FROM);
    int inStride = d.get(Slice.IN_STRIDE);
    int stride = d.get(Slice.STRIDE);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = start + left + x * stride;
        int inAt = in + image * inImage + y * inRow + x * inStride + from;
        for (@Parallel int i = 0; i < stride / lanes; i++) {
          Float16 r = v.get(inAt / lanes + i);
          if (accumulate == 0) {
            v.set(o / lanes + i, r);
          } else {
            v.set(o / lanes + i, Lanes.add(v.get(o / lanes + i), r));
          }
        }
      }
    }
  }

  /** As {@link #slice}, for any channels. */
  static void sliceUnaligned(FloatArray m, IntArray d) {
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
    int from = d.get(Slice.FROM);
    int inStride = d.get(Slice.IN_STRIDE);
    int c = d.get(Slice.CHANNELS);
    int stride = d.get(Slice.STRIDE);
    for (@Parallel int t = 0; t < bound; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int image = t / rows;
      int y = t - image * rows - top;
      int inner = Rows.inner(y, h, length);
      int start = out + t * pitch;
      Lanes.clear(v, start, left);
      Lanes.clear(v, start + left + inner, pitch - left - inner);
      int pixels = inner / stride;
      for (@Parallel int x = 0; x < pixels; x++) {
        int o = start + left + x * stride;
        int inAt = in + image * inImage + y * inRow + x * inStride + from;
        for (@Parallel int i = 0; i < stride; i++) {
          float r = 0f;
          if (i < c) {
            r = m.get(inAt + i);
          }
          if (accumulate == 0) {
            m.set(o + i, r);
          } else {
            m.set(o + i, m.get(o + i) + r);
          }
        }
      }
    }
  }
}
