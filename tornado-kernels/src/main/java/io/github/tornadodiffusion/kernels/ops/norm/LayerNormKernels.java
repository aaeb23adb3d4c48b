package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link LayerNorm}. Blocks are [PIXELS][STRIDE] with zeros from CHANNELS to STRIDE; in
 * the equations norm[i] = (x[i] - mean[i]) * inverse[i], where the statistics of pixel i are its
 * mean and the inverse of its deviation.
 */
final class LayerNormKernels {
  /** The places that all descriptors begin with. */
  static final class Common {
    static final int PIXELS = 0;
    static final int CHANNELS = 1;
    static final int STRIDE = 2;
    static final int X = 3;

    /** Mean and inverse deviation of every pixel, [PIXELS][2]. */
    static final int STATISTICS = 4;

    static final int SIZE = 5;

    private Common() {}
  }

  /** Own places of {@link #forward}. */
  static final class Forward {
    static final int EPS = Common.SIZE;
    static final int GAMMA = Common.SIZE + 1;
    static final int BETA = Common.SIZE + 2;
    static final int OUT = Common.SIZE + 3;
    static final int SIZE = Common.SIZE + 4;

    private Forward() {}
  }

  /** Own places of {@link #gradient}. */
  static final class Gradient {
    static final int GAMMA = Common.SIZE;
    static final int GRAD_OUT = Common.SIZE + 1;
    static final int GRAD_X = Common.SIZE + 2;

    /** 1 to add to the gradient of x, 0 to overwrite it. */
    static final int ACCUMULATE = Common.SIZE + 3;

    static final int SIZE = Common.SIZE + 4;

    private Gradient() {}
  }

  /** Own places of {@link #sums}. */
  static final class Sums {
    static final int GRAD_OUT = Common.SIZE;

    /** Pixels of a chunk. */
    static final int CHUNK = Common.SIZE + 1;

    static final int GAMMAS = Common.SIZE + 2;
    static final int BETAS = Common.SIZE + 3;
    static final int SIZE = Common.SIZE + 4;

    private Sums() {}
  }

  private LayerNormKernels() {}

  /**
   * mean[i] = mean over c of x[i][c], inverse[i] = 1 / sqrt(mean over c of (x[i][c] - mean[i])^2 +
   * eps), out[i][c] = norm[i][c] * gamma[c] + beta[c].
   */
  static void forward(FloatArray m, IntArray d) {
    int pixels = d.get(Common.PIXELS);
    int channels = d.get(Common.CHANNELS);
    int stride = d.get(Common.STRIDE);
    for (@Parallel int t = 0; t < pixels; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int vectors = stride / lanes;
      int x = (d.get(Common.X) + t * stride) / lanes;
      int out = (d.get(Forward.OUT) + t * stride) / lanes;
      int gamma = d.get(Forward.GAMMA) / lanes;
      int beta = d.get(Forward.BETA) / lanes;
      Float16 sums = Lanes.zero();
      for (int i = 0; i < vectors; i++) {
        sums = Lanes.add(sums, v.get(x + i));
      }
      float mean = Lanes.sum(sums) / channels;
      Float16 center = Lanes.splat(mean);
      Float16 squares = Lanes.zero();
      int whole = channels / lanes;
      for (int i = 0; i < whole; i++) {
        Float16 e = Lanes.sub(v.get(x + i), center);
        squares = Lanes.mulAdd(e, e, squares);
      }
      // Padding lanes are zero, but far from the mean: they must not count.
      float square = Lanes.sum(squares);
      for (int i = whole * lanes; i < channels; i++) {
        float e = m.get(x * lanes + i) - mean;
        square += e * e;
      }
      float inverse = 1f / TornadoMath.sqrt(square / channels + m.get(d.get(Forward.EPS)));
      int statistics = d.get(Common.STATISTICS) + 2 * t;
      m.set(statistics, mean);
      m.set(statistics + 1, inverse);
      Float16 scale = Lanes.splat(inverse);
      for (int i = 0; i < vectors; i++) {
        Float16 norm = Lanes.mul(Lanes.sub(v.get(x + i), center), scale);
        v.set(out + i, Lanes.mulAdd(norm, v.get(gamma + i), v.get(beta + i)));
      }
    }
  }

  /**
   * With g[i][c] = gradOut[i][c] * gamma[c]: gradX[i][c] = inverse[i] * (g[i][c] - mean over c of
   * g[i] - norm[i][c] * mean over c of (g[i] * norm[i])).
   */
  static void gradient(FloatArray m, IntArray d) {
    int pixels = d.get(Common.PIXELS);
    int channels = d.get(Common.CHANNELS);
    int stride = d.get(Common.STRIDE);
    for (@Parallel int t = 0; t < pixels; t++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int vectors = stride / lanes;
      int x = (d.get(Common.X) + t * stride) / lanes;
      int grad = (d.get(Gradient.GRAD_OUT) + t * stride) / lanes;
      int out = (d.get(Gradient.GRAD_X) + t * stride) / lanes;
      int gamma = d.get(Gradient.GAMMA) / lanes;
      int statistics = d.get(Common.STATISTICS) + 2 * t;
      Float16 center = Lanes.splat(m.get(statistics));
      Float16 scale = Lanes.splat(m.get(statistics + 1));
      Float16 sums = Lanes.zero();
      Float16 products = Lanes.zero();
      for (int i = 0; i < vectors; i++) {
        Float16 g = Lanes.mul(v.get(grad + i), v.get(gamma + i));
        Float16 norm = Lanes.mul(Lanes.sub(v.get(x + i), center), scale);
        sums = Lanes.add(sums, g);
        products = Lanes.mulAdd(g, norm, products);
      }
      Float16 mean = Lanes.splat(Lanes.sum(sums) / channels);
      Float16 slope = Lanes.splat(Lanes.sum(products) / channels);
      int accumulate = d.get(Gradient.ACCUMULATE);
      for (int i = 0; i < vectors; i++) {
        Float16 g = Lanes.mul(v.get(grad + i), v.get(gamma + i));
        Float16 norm = Lanes.mul(Lanes.sub(v.get(x + i), center), scale);
        Float16 rest = Lanes.sub(Lanes.sub(g, mean), Lanes.mul(norm, slope));
        Float16 r = Lanes.mul(rest, scale);
        if (accumulate == 0) {
          v.set(out + i, r);
        } else {
          v.set(out + i, Lanes.add(v.get(out + i), r));
        }
      }
      int base = d.get(Gradient.GRAD_X) + t * stride;
      for (int i = channels; i < stride; i++) {
        m.set(base + i, 0f);
      }
    }
  }

  /**
   * gammas[k][c] = sum over the pixels i of chunk k of gradOut[i][c] * norm[i][c], betas[k][c] =
   * sum of gradOut[i][c].
   */
  static void sums(FloatArray m, IntArray d) {
    int pixels = d.get(Common.PIXELS);
    int stride = d.get(Common.STRIDE);
    int chunk = d.get(Sums.CHUNK);
    int chunks = (pixels + chunk - 1) / chunk;
    for (@Parallel int k = 0; k < chunks; k++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int vectors = stride / lanes;
      int first = k * chunk;
      int end = Math.min(pixels, first + chunk);
      int x = d.get(Common.X) / lanes;
      int grad = d.get(Sums.GRAD_OUT) / lanes;
      int gammas = (d.get(Sums.GAMMAS) + k * stride) / lanes;
      int betas = (d.get(Sums.BETAS) + k * stride) / lanes;
      int statistics = d.get(Common.STATISTICS);
      for (@Parallel int i = 0; i < vectors; i++) {
        Float16 gamma = Lanes.zero();
        Float16 beta = Lanes.zero();
        for (int t = first; t < end; t++) {
          Float16 center = Lanes.splat(m.get(statistics + 2 * t));
          Float16 scale = Lanes.splat(m.get(statistics + 2 * t + 1));
          Float16 g = v.get(grad + t * vectors + i);
          Float16 norm = Lanes.mul(Lanes.sub(v.get(x + t * vectors + i), center), scale);
          gamma = Lanes.mulAdd(g, norm, gamma);
          beta = Lanes.add(beta, g);
        }
        v.set(gammas + i, gamma);
        v.set(betas + i, beta);
      }
    }
  }
}
