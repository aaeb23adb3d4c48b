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
 * Those kernels of {@link Elementwise} that tell the channels of a pixel apart: an iteration writes
 * one row, as {@link Rows} lays out in the descriptor.
 */
final class ChannelKernels {
  private ChannelKernels() {}

  /** Behind the input stand channels and channel stride. */
  static void softmax(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int in = d.get(9);
    int inRow = d.get(10);
    int inImage = d.get(11);
    int c = d.get(12);
    int stride = d.get(13);
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
   * The padding lanes stay zero because softmax is zero there. Reads softmax and gradOut; behind
   * them stands the channel stride.
   */
  static void softmaxBackward(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int accumulate = d.get(8);
    int soft = d.get(9);
    int softRow = d.get(10);
    int softImage = d.get(11);
    int grad = d.get(12);
    int gradRow = d.get(13);
    int gradImage = d.get(14);
    int stride = d.get(15);
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

  /**
   * Reads a and b; behind them stand channels and channel stride of a, of b, and the channel stride
   * of the output.
   */
  static void concat(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int a = d.get(9);
    int aRow = d.get(10);
    int aImage = d.get(11);
    int b = d.get(12);
    int bRow = d.get(13);
    int bImage = d.get(14);
    int ac = d.get(15);
    int aStride = d.get(16);
    int bStride = d.get(18);
    int stride = d.get(19);
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
        for (int i = 0; i < ac / lanes; i++) {
          v.set(o / lanes + i, v.get(aAt / lanes + i));
        }
        for (int i = 0; i < bStride / lanes; i++) {
          v.set((o + ac) / lanes + i, v.get(bAt / lanes + i));
        }
      }
    }
  }

  /** As {@link #concat}. */
  static void concatUnaligned(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int a = d.get(9);
    int aRow = d.get(10);
    int aImage = d.get(11);
    int b = d.get(12);
    int bRow = d.get(13);
    int bImage = d.get(14);
    int ac = d.get(15);
    int aStride = d.get(16);
    int bc = d.get(17);
    int bStride = d.get(18);
    int stride = d.get(19);
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
        for (int i = 0; i < ac; i++) {
          m.set(o + i, m.get(aAt + i));
        }
        for (int i = 0; i < bc; i++) {
          m.set(o + ac + i, m.get(bAt + i));
        }
        for (int i = ac + bc; i < stride; i++) {
          m.set(o + i, 0f);
        }
      }
    }
  }

  /**
   * Behind the input stand the first channel, the channel stride of the input, channels and channel
   * stride of the output.
   */
  static void slice(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int accumulate = d.get(8);
    int in = d.get(9);
    int inRow = d.get(10);
    int inImage = d.get(11);
    int from = d.get(12);
    int inStride = d.get(13);
    int stride = d.get(15);
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
        for (int i = 0; i < stride / lanes; i++) {
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

  /** As {@link #slice}. */
  static void sliceUnaligned(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int top = d.get(2);
    int h = d.get(3);
    int left = d.get(4);
    int length = d.get(5);
    int pitch = d.get(6);
    int out = d.get(7);
    int accumulate = d.get(8);
    int in = d.get(9);
    int inRow = d.get(10);
    int inImage = d.get(11);
    int from = d.get(12);
    int inStride = d.get(13);
    int c = d.get(14);
    int stride = d.get(15);
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
        if (accumulate == 0) {
          for (int i = 0; i < c; i++) {
            m.set(o + i, m.get(inAt + i));
          }
          for (int i = c; i < stride; i++) {
            m.set(o + i, 0f);
          }
        } else {
          for (int i = 0; i < c; i++) {
            m.set(o + i, m.get(o + i) + m.get(inAt + i));
          }
        }
      }
    }
  }
}
