package io.github.tornadodiffusion.kernels.check;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * What kernels compute with, one operation a kernel: out[i] = f(x[i]) or f(x[i], y[i]) for i below
 * the first number of the descriptor; then come the offsets of x, y and out. Whole numbers lie in
 * the arena as floats below 2^24.
 */
final class PrimitiveKernels {
  private PrimitiveKernels() {}

  static void quotient(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      int x = (int) m.get(d.get(1) + i);
      int y = (int) m.get(d.get(2) + i);
      int whole = x / y;
      m.set(d.get(3) + i, whole);
    }
  }

  static void remainderOf(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      int x = (int) m.get(d.get(1) + i);
      int y = (int) m.get(d.get(2) + i);
      m.set(d.get(3) + i, x % y);
    }
  }

  static void longQuotient(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      long x = ((int) m.get(d.get(1) + i)) * 1234567L;
      long y = (int) m.get(d.get(2) + i);
      m.set(d.get(3) + i, (int) (x / y) & 0xFFFFFF);
    }
  }

  static void bitsOf(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      int x = ((int) m.get(d.get(1) + i)) * 40503;
      int y = ((int) m.get(d.get(2) + i)) * 30011;
      m.set(d.get(3) + i, ((x ^ (y << 7)) + (x & y) - (x | y)) & 0xFFFFFF);
    }
  }

  static void wideProduct(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      int x = ((int) m.get(d.get(1) + i)) * 40503;
      int y = ((int) m.get(d.get(2) + i)) * 30011;
      long product = (x & 0xFFFFFFFFL) * (y & 0xFFFFFFFFL);
      m.set(d.get(3) + i, (int) (product >> 32) & 0xFFFFFF);
    }
  }

  static void roundedToZero(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      m.set(d.get(3) + i, (int) (m.get(d.get(1) + i) / m.get(d.get(2) + i)));
    }
  }

  static void choices(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      float x = m.get(d.get(1) + i);
      float y = m.get(d.get(2) + i);
      float r = x < y ? TornadoMath.max(x, 0f) : TornadoMath.min(y, 0f);
      m.set(d.get(3) + i, r + TornadoMath.abs(x));
    }
  }

  static void sine(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      m.set(d.get(3) + i, TornadoMath.sin(m.get(d.get(1) + i)));
    }
  }

  static void cosine(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      m.set(d.get(3) + i, TornadoMath.cos(m.get(d.get(1) + i)));
    }
  }

  static void logarithm(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      m.set(d.get(3) + i, TornadoMath.log(TornadoMath.abs(m.get(d.get(1) + i)) + 1e-3f));
    }
  }

  static void exponential(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      for (@Parallel int j = 0; j < 16 / lanes; j++) {
        Float16 x = v.get((d.get(1) + i * 16) / lanes + j);
        v.set((d.get(3) + i * 16) / lanes + j, Lanes.exp(x));
      }
    }
  }

  static void root(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      for (@Parallel int j = 0; j < 16 / lanes; j++) {
        Float16 x = v.get((d.get(1) + i * 16) / lanes + j);
        v.set((d.get(3) + i * 16) / lanes + j, Lanes.sqrt(Lanes.mul(x, x)));
      }
    }
  }

  static void arithmetic(FloatArray m, IntArray d) {
    int bound = d.get(0);
    for (@Parallel int i = 0; i < bound; i++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      for (@Parallel int j = 0; j < 16 / lanes; j++) {
        Float16 x = v.get((d.get(1) + i * 16) / lanes + j);
        Float16 y = v.get((d.get(2) + i * 16) / lanes + j);
        Float16 sum = Lanes.add(Lanes.max(x, y), Lanes.div(Lanes.min(x, y), y));
        v.set((d.get(3) + i * 16) / lanes + j, Lanes.sub(sum, Lanes.splat(0.5f)));
      }
    }
  }
}
