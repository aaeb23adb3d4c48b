package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.ErrorFunction;
import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels of {@link VariationalBound}, element by element: images have few channels, and the cases
 * of the likelihood differ from one to the next. In comments u is the logarithm of the model's
 * variance, and e the error of its mean, both in units of s as there.
 */
public final class VariationalBoundKernels {
  /** Places of {@link #perImage}. */
  static final class PerImage {
    static final int IMAGES = 0;

    /** Rows of an image. */
    static final int H = 1;

    /** Elements of a row, without padding. */
    static final int LENGTH = 2;

    static final int CHANNELS = 3;
    static final int STRIDE = 4;

    /** Offsets of blocks, [images, h, w, channels]; original is x_0. */
    static final int PREDICTION = 5;

    static final int TARGET = 6;
    static final int VARIANCE = 7;
    static final int ORIGINAL = 8;

    /** Offsets of the coefficients of the images, [images]. */
    static final int RANGE = 9;

    static final int SCALE = 10;
    static final int HALF_BIN = 11;

    /** Offset of the means, [images]. */
    static final int PER_IMAGE = 12;

    static final int SIZE = 13;

    private PerImage() {}
  }

  /** Places after prediction, target, variance and x_0, the inputs of {@link #backward}. */
  static final class Backward {
    static final int CHANNELS = Rows.IN + 4 * Rows.PER_INPUT;
    static final int STRIDE = CHANNELS + 1;

    /** Elements of all images, without padding. */
    static final int ELEMENTS = STRIDE + 1;

    /** Offsets of the coefficients of the images, [images]. */
    static final int RANGE = ELEMENTS + 1;

    static final int SCALE = RANGE + 1;
    static final int HALF_BIN = SCALE + 1;

    /** Offset of the weights of the images. */
    static final int WEIGHTS = HALF_BIN + 1;

    private Backward() {}
  }

  /** Below this |u| a series is used, because the difference would lose its digits. */
  private static final float SMALL = 0.25f;

  /** Below this, a bin is so narrow that its probability is density times width. */
  private static final float NARROW = 0.01f;

  private static final float HALF_LOG_TWO_PI = 0.91893853f;
  private static final float SQRT_HALF = 0.70710678f;
  private static final float INVERSE_SQRT_TWO_PI = 0.39894228f;

  /** Values beyond this lie in the first and last bin, which extend to infinity. */
  private static final float EDGE = 0.999f;

  private VariationalBoundKernels() {}

  /**
   * perImage[n] = mean over the elements of image n of {@link #term}. An iteration sums one image:
   * the rows first, then their sums, which keeps rounding errors small.
   */
  static void perImage(FloatArray m, IntArray d) {
    int images = d.get(PerImage.IMAGES);
    int h = d.get(PerImage.H);
    int w = d.get(PerImage.LENGTH);
    for (@Parallel int n = 0; n < images; n++) {
      float total = 0f;
      for (int y = 0; y < h; y++) {
        float row = 0f;
        for (int x = 0; x < w; x++) {
          row += term(m, d, n, (n * h + y) * w + x);
        }
        total += row;
      }
      m.set(d.get(PerImage.PER_IMAGE) + n, total / (h * w));
    }
  }

  /**
   * The term of element i, counted without padding, of image n: minus the logarithm of its bin's
   * probability where halfBin is positive, else (u - 1 + exp(-u) + e^2 exp(-u)) / 2; the descriptor
   * is that of {@link #perImage}.
   */
  static float term(FloatArray m, IntArray d, int n, int i) {
    int c = d.get(PerImage.CHANNELS);
    int at = i / c * d.get(PerImage.STRIDE) + i % c;
    float u = 0.5f * (m.get(d.get(PerImage.VARIANCE) + at) + 1f) * m.get(d.get(PerImage.RANGE) + n);
    float e =
        m.get(d.get(PerImage.SCALE) + n)
            * (m.get(d.get(PerImage.PREDICTION) + at) - m.get(d.get(PerImage.TARGET) + at));
    float halfBin = m.get(d.get(PerImage.HALF_BIN) + n);
    float term;
    if (halfBin > 0f) {
      float deviation = TornadoMath.exp(-0.5f * u);
      term = surprise(e * deviation, halfBin * deviation, m.get(d.get(PerImage.ORIGINAL) + at));
    } else {
      term = 0.5f * (excess(u) + e * e * TornadoMath.exp(-u));
    }
    return term;
  }

  /**
   * out = weights[n] * (d term / d u) * range[n] / 2 / elements, since u = (variance + 1) / 2 *
   * range; coefficients and weights are [images], the blocks [images, h, w, channels]. An iteration
   * writes one row, with the descriptor of {@link Rows}.
   */
  static void backward(FloatArray m, IntArray d) {
    int bound = d.get(Rows.BOUND);
    int rows = d.get(Rows.ROWS);
    int length = d.get(Rows.LENGTH);
    int out = d.get(Rows.OUT);
    int prediction = d.get(Rows.IN);
    int target = d.get(Rows.SECOND);
    int variance = d.get(Rows.THIRD);
    int images = d.get(Rows.FOURTH);
    int c = d.get(Backward.CHANNELS);
    int stride = d.get(Backward.STRIDE);
    int elements = d.get(Backward.ELEMENTS);
    int ranges = d.get(Backward.RANGE);
    int scales = d.get(Backward.SCALE);
    int halfBins = d.get(Backward.HALF_BIN);
    int weights = d.get(Backward.WEIGHTS);
    for (@Parallel int t = 0; t < bound; t++) {
      int image = t / rows;
      int start = t * length;
      float range = m.get(ranges + image);
      float scale = m.get(scales + image);
      float halfBin = m.get(halfBins + image);
      float factor = m.get(weights + image) * 0.5f * range / elements;
      for (@Parallel int i = 0; i < length; i++) {
        int at = start + i;
        float slope = 0f;
        if (i % stride < c) {
          float u = 0.5f * (m.get(variance + at) + 1f) * range;
          float e = scale * (m.get(prediction + at) - m.get(target + at));
          if (halfBin > 0f) {
            float deviation = TornadoMath.exp(-0.5f * u);
            slope = surpriseSlope(e * deviation, halfBin * deviation, m.get(images + at));
          } else {
            // u - excess(u) is 1 - e^-u.
            slope = 0.5f * (u - excess(u) - e * e * TornadoMath.exp(-u));
          }
        }
        m.set(out + at, factor * slope);
      }
    }
  }

  /** u - 1 + e^-u, which is never negative. */
  private static float excess(float u) {
    float series = 0.5f + u * (-0.16666667f + u * (0.041666667f + u * -0.0083333333f));
    series = u * u * (series + u * u * u * u * 0.0013888889f);
    float difference = u - 1f + TornadoMath.exp(-u);
    return TornadoMath.abs(u) < SMALL ? series : difference;
  }

  /**
   * -log of the probability that a normal variable falls into the bin of a value.
   *
   * @param c the value minus the mean, in standard deviations
   * @param w half the width of the bin, likewise
   * @param x the value
   */
  private static float surprise(float c, float w, float x) {
    float result;
    if (x < -EDGE) {
      result = surpriseBelow(c + w);
    } else if (x > EDGE) {
      result = surpriseBelow(w - c);
    } else {
      float middle = TornadoMath.abs(c);
      float a = middle - w;
      float b = middle + w;
      if (w < NARROW) {
        result = 0.5f * middle * middle + HALF_LOG_TWO_PI - TornadoMath.log(2f * w);
      } else if (a < 0f) {
        result = -TornadoMath.log(1f - tail(-a) - tail(b));
      } else {
        result = 0.5f * a * a - TornadoMath.log(scaledBin(a, b));
      }
    }
    return result;
  }

  /** The derivative of {@link #surprise} by u, with which c and w shrink as e^(-u/2). */
  private static float surpriseSlope(float c, float w, float x) {
    float result;
    if (x < -EDGE) {
      result = slopeBelow(c + w);
    } else if (x > EDGE) {
      result = slopeBelow(w - c);
    } else {
      float middle = TornadoMath.abs(c);
      float a = middle - w;
      float b = middle + w;
      if (w < NARROW) {
        result = 0.5f * (1f - middle * middle);
      } else if (a < 0f) {
        float weighted = b * density(b) - a * density(a);
        result = 0.5f * weighted / (1f - tail(-a) - tail(b));
      } else {
        float weighted = b * TornadoMath.exp(-0.5f * (b - a) * (b + a)) - a;
        result = 0.5f * INVERSE_SQRT_TWO_PI * weighted / scaledBin(a, b);
      }
    }
    return result;
  }

  /** -log of the probability below z. */
  private static float surpriseBelow(float z) {
    float far = 0.5f * scaledErfc(-TornadoMath.min(z, 0f) * SQRT_HALF);
    float near = 1f - tail(TornadoMath.max(z, 0f));
    return z < 0f ? 0.5f * z * z - TornadoMath.log(far) : -TornadoMath.log(near);
  }

  /** Its derivative by u, with which z shrinks as e^(-u/2). */
  private static float slopeBelow(float z) {
    float far = 0.5f * scaledErfc(-TornadoMath.min(z, 0f) * SQRT_HALF) / INVERSE_SQRT_TWO_PI;
    float near = density(z) / (1f - tail(TornadoMath.max(z, 0f)));
    return z < 0f ? 0.5f * z / far : 0.5f * z * near;
  }

  /** The probability between a, at least 0, and b, divided by e^(-a^2 / 2). */
  private static float scaledBin(float a, float b) {
    float beyond = scaledErfc(b * SQRT_HALF) * TornadoMath.exp(-0.5f * (b - a) * (b + a));
    return 0.5f * (scaledErfc(a * SQRT_HALF) - beyond);
  }

  /** The probability above z, which is at least 0. */
  private static float tail(float z) {
    return 0.5f * scaledErfc(z * SQRT_HALF) * TornadoMath.exp(-0.5f * z * z);
  }

  private static float density(float z) {
    return INVERSE_SQRT_TWO_PI * TornadoMath.exp(-0.5f * z * z);
  }

  /** e^(v^2) erfc(v) for v at least 0: the fit of {@link Lanes#erfc} without its last factor. */
  private static float scaledErfc(float v) {
    float t = 1f / (1f + 0.5f * v);
    return t * TornadoMath.exp(ErrorFunction.exponent(t));
  }
}
