package io.github.tornadodiffusion.kernels.ops.activation;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.Rows;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Geglu}: an iteration writes one row, with the descriptor of {@link Rows}. All
 * blocks are [n, h, w, c]. The normal distribution is computed as in {@link
 * ActivationKernels#gelu}.
 */
final class GegluKernels {
  private GegluKernels() {}

  /** out = factor gelu(gate); reads factor, then gate. */
  static void geglu(FloatArray m, IntArray d) {
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
    int gate = d.get(Rows.SECOND);
    int gateRow = d.get(Rows.SECOND_ROW);
    int gateImage = d.get(Rows.SECOND_IMAGE);
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
      int gateAt = (gate + image * gateImage + y * gateRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      Float16 root = Lanes.splat(0.70710678f);
      Float16 one = Lanes.splat(1f);
      Float16 most = Lanes.splat(3e38f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(gateAt + i);
        Float16 magnitude = Lanes.max(x, Lanes.sub(Lanes.zero(), x));
        Float16 tail = Lanes.mul(half, Lanes.erfc(Lanes.mul(magnitude, root)));
        Float16 positive = Lanes.min(one, Lanes.max(Lanes.zero(), Lanes.mul(x, most)));
        Float16 phi =
            Lanes.mulAdd(positive, Lanes.sub(one, Lanes.mul(Lanes.splat(2f), tail)), tail);
        Float16 r = Lanes.mul(v.get(inAt + i), Lanes.mul(x, phi));
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }

  /** gradGate = gradOut value gelu'(gate); reads value, gate, then gradOut. */
  static void gate(FloatArray m, IntArray d) {
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
    int gate = d.get(Rows.SECOND);
    int gateRow = d.get(Rows.SECOND_ROW);
    int gateImage = d.get(Rows.SECOND_IMAGE);
    int grad = d.get(Rows.THIRD);
    int gradRow = d.get(Rows.THIRD + 1);
    int gradImage = d.get(Rows.THIRD + 2);
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
      int gateAt = (gate + image * gateImage + y * gateRow) / lanes;
      int gradAt = (grad + image * gradImage + y * gradRow) / lanes;
      Float16 half = Lanes.splat(0.5f);
      Float16 root = Lanes.splat(0.70710678f);
      Float16 one = Lanes.splat(1f);
      Float16 most = Lanes.splat(3e38f);
      Float16 density = Lanes.splat(0.39894228f);
      int count = inner / lanes;
      for (@Parallel int i = 0; i < count; i++) {
        Float16 x = v.get(gateAt + i);
        Float16 magnitude = Lanes.max(x, Lanes.sub(Lanes.zero(), x));
        Float16 tail = Lanes.mul(half, Lanes.erfc(Lanes.mul(magnitude, root)));
        Float16 positive = Lanes.min(one, Lanes.max(Lanes.zero(), Lanes.mul(x, most)));
        Float16 phi =
            Lanes.mulAdd(positive, Lanes.sub(one, Lanes.mul(Lanes.splat(2f), tail)), tail);
        Float16 bell = Lanes.exp(Lanes.sub(Lanes.zero(), Lanes.mul(half, Lanes.mul(x, x))));
        Float16 slope = Lanes.mulAdd(x, Lanes.mul(density, bell), phi);
        Float16 r = Lanes.mul(Lanes.mul(v.get(gradAt + i), v.get(inAt + i)), slope);
        if (accumulate == 0) {
          v.set(o + i, r);
        } else {
          v.set(o + i, Lanes.add(v.get(o + i), r));
        }
      }
    }
  }
}
