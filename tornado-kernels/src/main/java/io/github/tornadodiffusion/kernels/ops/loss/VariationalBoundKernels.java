package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels of {@link VariationalBound}, element by element: images have few channels, and the cases
 * of the likelihood differ from one to the next. In comments u is the logarithm of the model's
 * variance, and e the error of its mean, both measured against s as there.
 */
public final class VariationalBoundKernels {
  /** Below this |u|, a series: the difference would lose what matters. */
  private static final float SMALL = 0.25f;

  /** Below this, a bin is so narrow that its probability is density times width. */
  private static final float NARROW = 0.01f;

  private static final float HALF_LOG_TWO_PI = 0.91893853f;
  private static final float SQRT_HALF = 0.70710678f;
  private static final float INVERSE_SQRT_TWO_PI = 0.39894228f;

  /** Values beyond are those of the first and last bin, which reach to infinity. */
  private static final float EDGE = 0.999f;

  private VariationalBoundKernels() {}

  /**
   * An iteration sums one image: the rows first, then their sums, which keeps rounding errors
   * small. Descriptor: 0 images, 1 rows of an image, 2 elements of a row without padding, 3
   * channels, 4 channel stride, 5 prediction, 6 target, 7 variance, 8 images, 9 range, 10 scale, 11
   * halfBin, 12 means.
   */
  static void perImage(FloatArray m, IntArray d) {
    int images = d.get(0);
    int h = d.get(1);
    int w = d.get(2);
    for (@Parallel int n = 0; n < images; n++) {
      float total = 0f;
      for (int y = 0; y < h; y++) {
        float row = 0f;
        for (int x = 0; x < w; x++) {
          row += term(m, d, n, (n * h + y) * w + x);
        }
        total += row;
      }
      m.set(d.get(12) + n, total / (h * w));
    }
  }

  /** Element i, counted without padding, of image n; the descriptor is that of perImage. */
  static float term(FloatArray m, IntArray d, int n, int i) {
    int c = d.get(3);
    int at = i / c * d.get(4) + i % c;
    float u = 0.5f * (m.get(d.get(7) + at) + 1f) * m.get(d.get(9) + n);
    float e = m.get(d.get(10) + n) * (m.get(d.get(5) + at) - m.get(d.get(6) + at));
    float halfBin = m.get(d.get(11) + n);
    float term;
    if (halfBin > 0f) {
      float deviation = TornadoMath.exp(-0.5f * u);
      term = surprise(e * deviation, halfBin * deviation, m.get(d.get(8) + at));
    } else {
      term = 0.5f * (excess(u) + e * e * TornadoMath.exp(-u));
    }
    return term;
  }

  /**
   * A row as {@link Rows} lays out in the descriptor: reads prediction, target, variance and
   * images; behind them stand channels, channel stride, elements of all images, and the offsets of
   * range, scale, halfBin and weights.
   */
  static void backward(FloatArray m, IntArray d) {
    int bound = d.get(0);
    int rows = d.get(1);
    int length = d.get(5);
    int out = d.get(7);
    int prediction = d.get(9);
    int target = d.get(12);
    int variance = d.get(15);
    int images = d.get(18);
    int c = d.get(21);
    int stride = d.get(22);
    int elements = d.get(23);
    int ranges = d.get(24);
    int scales = d.get(25);
    int halfBins = d.get(26);
    int weights = d.get(27);
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
    float p = 0.17087277f;
    p = p * t - 0.82215223f;
    p = p * t + 1.48851587f;
    p = p * t - 1.13520398f;
    p = p * t + 0.27886807f;
    p = p * t - 0.18628806f;
    p = p * t + 0.09678418f;
    p = p * t + 0.37409196f;
    p = p * t + 1.00002368f;
    p = p * t - 1.26551223f;
    return t * TornadoMath.exp(p);
  }
}
