package io.github.tornadodiffusion.kernels.ops.activation;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Activation}: an iteration writes one row, with the descriptor of {@link Rows}.
 * All blocks are [n, h, w, c]; a backward kernel reads x, then gradOut.
 */
public final class ActivationKernels {
  private ActivationKernels() {}

  /** out = x / (1 + exp(-x)). */
  static void silu(FloatArray m, IntArray d) {
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      Float16 one = Lanes.splat(1f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        v.set(o + i, Lanes.div(x, Lanes.add(one, Lanes.exp(Lanes.sub(Lanes.zero(), x)))));
      }
    }
  }

  /** gradX = gradOut * s (1 + x (1 - s)) with s = 1 / (1 + exp(-x)). */
  static void siluBackward(FloatArray m, IntArray d) {
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
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 one = Lanes.splat(1f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 s = Lanes.div(one, Lanes.add(one, Lanes.exp(Lanes.sub(Lanes.zero(), x))));
        Float16 slope = Lanes.mul(s, Lanes.mulAdd(x, Lanes.sub(one, s), one));
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** out = x / (1 + exp(-1.702 x)). */
  static void quickGelu(FloatArray m, IntArray d) {
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      Float16 one = Lanes.splat(1f);
      Float16 steep = Lanes.splat(-1.702f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        v.set(o + i, Lanes.div(x, Lanes.add(one, Lanes.exp(Lanes.mul(x, steep)))));
      }
    }
  }

  /** gradX = gradOut * s (1 + 1.702 x (1 - s)) with s = 1 / (1 + exp(-1.702 x)). */
  static void quickGeluBackward(FloatArray m, IntArray d) {
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
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 one = Lanes.splat(1f);
      Float16 steep = Lanes.splat(1.702f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 u = Lanes.mul(v.get(inAt + i), steep);
        Float16 s = Lanes.div(one, Lanes.add(one, Lanes.exp(Lanes.sub(Lanes.zero(), u))));
        Float16 slope = Lanes.mul(s, Lanes.mulAdd(u, Lanes.sub(one, s), one));
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /**
   * out = x / (1 + exp(-u)) with u = 2 sqrt(2 / pi) (x + 0.044715 x^3): since 1 + tanh(u / 2) = 2 /
   * (1 + exp(-u)), that is x (1 + tanh(u / 2)) / 2.
   */
  static void geluTanh(FloatArray m, IntArray d) {
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      Float16 one = Lanes.splat(1f);
      Float16 linear = Lanes.splat(-1.5957691f);
      Float16 cubic = Lanes.splat(-0.07135481f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 u = Lanes.mul(x, Lanes.mulAdd(Lanes.mul(x, x), cubic, linear));
        v.set(o + i, Lanes.div(x, Lanes.add(one, Lanes.exp(u))));
      }
    }
  }

  /**
   * gradX = gradOut * s (1 + x u' (1 - s)) with s = 1 / (1 + exp(-u)), u of {@link #geluTanh} and
   * u' = 2 sqrt(2 / pi) (1 + 3 * 0.044715 x^2). Beyond 30, where s is 0 or 1, x counts as 30:
   * products stay finite.
   */
  static void geluTanhBackward(FloatArray m, IntArray d) {
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
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 one = Lanes.splat(1f);
      Float16 linear = Lanes.splat(1.5957691f);
      Float16 cubic = Lanes.splat(0.07135481f);
      Float16 three = Lanes.splat(3f);
      Float16 far = Lanes.splat(30f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 near = Lanes.max(Lanes.min(x, far), Lanes.sub(Lanes.zero(), far));
        Float16 square = Lanes.mul(near, Lanes.mul(near, cubic));
        Float16 u = Lanes.mul(near, Lanes.add(linear, square));
        Float16 s = Lanes.div(one, Lanes.add(one, Lanes.exp(Lanes.sub(Lanes.zero(), u))));
        Float16 rise = Lanes.mul(near, Lanes.mulAdd(three, square, linear));
        Float16 slope = Lanes.mul(s, Lanes.mulAdd(rise, Lanes.sub(one, s), one));
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** out = max(x, 0). */
  static void relu(FloatArray m, IntArray d) {
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        v.set(o + i, Lanes.max(x, Lanes.zero()));
      }
    }
  }

  /**
   * gradX = gradOut where x > 0, else 0. The slope is x times a huge number, cut off at 0 and 1,
   * because lanes have no comparison.
   */
  static void reluBackward(FloatArray m, IntArray d) {
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
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 one = Lanes.splat(1f);
      Float16 most = Lanes.splat(3e38f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 slope = Lanes.min(one, Lanes.max(Lanes.zero(), Lanes.mul(x, most)));
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /**
   * out = x Phi(x), where Phi(x) = erfc(-x / sqrt(2)) / 2 comes from its tail on either side of 0;
   * which side is found as in {@link #reluBackward}.
   */
  static void gelu(FloatArray m, IntArray d) {
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      Float16 root = Lanes.splat(0.70710678f);
      Float16 one = Lanes.splat(1f);
      Float16 most = Lanes.splat(3e38f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 magnitude = Lanes.max(x, Lanes.sub(Lanes.zero(), x));
        Float16 tail = Lanes.mul(half, Lanes.erfc(Lanes.mul(magnitude, root)));
        Float16 positive = Lanes.min(one, Lanes.max(Lanes.zero(), Lanes.mul(x, most)));
        Float16 phi =
            Lanes.mulAdd(positive, Lanes.sub(one, Lanes.mul(Lanes.splat(2f), tail)), tail);
        v.set(o + i, Lanes.mul(x, phi));
      }
    }
  }

  /** gradX = gradOut * (Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi)). */
  static void geluBackward(FloatArray m, IntArray d) {
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
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      Float16 root = Lanes.splat(0.70710678f);
      Float16 one = Lanes.splat(1f);
      Float16 most = Lanes.splat(3e38f);
      Float16 density = Lanes.splat(0.39894228f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 magnitude = Lanes.max(x, Lanes.sub(Lanes.zero(), x));
        Float16 tail = Lanes.mul(half, Lanes.erfc(Lanes.mul(magnitude, root)));
        Float16 positive = Lanes.min(one, Lanes.max(Lanes.zero(), Lanes.mul(x, most)));
        Float16 phi =
            Lanes.mulAdd(positive, Lanes.sub(one, Lanes.mul(Lanes.splat(2f), tail)), tail);
        Float16 bell = Lanes.exp(Lanes.sub(Lanes.zero(), Lanes.mul(half, Lanes.mul(x, x))));
        Float16 slope = Lanes.mulAdd(x, Lanes.mul(density, bell), phi);
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /**
   * out = x tanh(log(1 + exp(x))). With e = exp(x) and n = e (e + 2), the hyperbolic tangent is n /
   * (n + 2); from x = 20 on that is 1, while e squared would overflow.
   */
  static void mish(FloatArray m, IntArray d) {
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      Float16 two = Lanes.splat(2f);
      Float16 twenty = Lanes.splat(20f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 e = Lanes.exp(Lanes.min(x, twenty));
        Float16 n = Lanes.mul(e, Lanes.add(e, two));
        v.set(o + i, Lanes.mul(x, Lanes.div(n, Lanes.add(n, two))));
      }
    }
  }

  /** gradX = gradOut * (n / (n + 2) + 4 x e (1 + e) / (n + 2)^2), with e and n of {@link #mish}. */
  static void mishBackward(FloatArray m, IntArray d) {
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
    int grad = d.get(Rows.SECOND);
    int gradRow = d.get(Rows.SECOND_ROW);
    int gradImage = d.get(Rows.SECOND_IMAGE);
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
      int inAt = (in + image * inImage + y * inRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 one = Lanes.splat(1f);
      Float16 two = Lanes.splat(2f);
      Float16 four = Lanes.splat(4f);
      Float16 twenty = Lanes.splat(20f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(inAt + i);
        Float16 e = Lanes.exp(Lanes.min(x, twenty));
        Float16 n = Lanes.mul(e, Lanes.add(e, two));
        Float16 share = Lanes.div(one, Lanes.add(n, two));
        Float16 bend =
            Lanes.mul(Lanes.mul(four, share), Lanes.mul(Lanes.mul(e, share), Lanes.add(one, e)));
        Float16 slope = Lanes.mulAdd(x, bend, Lanes.mul(n, share));
        Float16 r = Lanes.mul(v.get(gradAt + i), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }
}
