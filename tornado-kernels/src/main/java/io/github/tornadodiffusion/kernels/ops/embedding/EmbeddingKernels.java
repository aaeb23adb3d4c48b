package io.github.tornadodiffusion.kernels.ops.embedding;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Kernels of {@link Embedding}: an iteration writes one row of the output or of the table's
 * gradient. A place that is named after data in the arena holds its offset.
 */
final class EmbeddingKernels {
  /** Places of {@link #sinusoid}. */
  static final class Sinusoid {
    static final int IMAGES = 0;

    /** How many frequencies there are. */
    static final int HALF = 1;

    static final int STRIDE = 2;
    static final int TIMESTEPS = 3;
    static final int FREQUENCIES = 4;
    static final int OUT = 5;

    /** Channel of the first sine. */
    static final int SINE = 6;

    /** Channel of the first cosine. */
    static final int COSINE = 7;

    static final int FACTOR = 8;
    static final int SIZE = 9;

    private Sinusoid() {}
  }

  /** Places of {@link #lookup}. */
  static final class Lookup {
    static final int IMAGES = 0;
    static final int STRIDE = 1;
    static final int TABLE = 2;
    static final int LABELS = 3;
    static final int OUT = 4;
    static final int SIZE = 5;

    private Lookup() {}
  }

  /** Places of {@link #lookupBackward}. */
  static final class LookupBackward {
    static final int CLASSES = 0;
    static final int IMAGES = 1;
    static final int STRIDE = 2;
    static final int GRAD_OUT = 3;
    static final int LABELS = 4;
    static final int GRAD_TABLE = 5;

    /** 1 to add to the table's gradient, 0 to overwrite it. */
    static final int ACCUMULATE = 6;

    static final int SIZE = 7;

    private LookupBackward() {}
  }

  private EmbeddingKernels() {}

  /**
   * out[i][sine + k] = sin(timesteps[i] * frequencies[k] * factor), out[i][cosine + k] likewise the
   * cosine; timesteps [n], frequencies [half], out [n][stride].
   */
  static void sinusoid(FloatArray m, IntArray d) {
    int n = d.get(Sinusoid.IMAGES);
    int half = d.get(Sinusoid.HALF);
    int stride = d.get(Sinusoid.STRIDE);
    int timesteps = d.get(Sinusoid.TIMESTEPS);
    int frequencies = d.get(Sinusoid.FREQUENCIES);
    int out = d.get(Sinusoid.OUT);
    int sinAt = d.get(Sinusoid.SINE);
    int cosAt = d.get(Sinusoid.COSINE);
    int factor = d.get(Sinusoid.FACTOR);
    for (@Parallel int i = 0; i < n; i++) {
      int o = out + i * stride;
      float time = m.get(timesteps + i);
      for (@Parallel int k = 0; k < half; k++) {
        float angle = time * m.get(frequencies + k) * m.get(factor);
        m.set(o + sinAt + k, TornadoMath.sin(angle));
        m.set(o + cosAt + k, TornadoMath.cos(angle));
      }
      for (int k = 2 * half; k < stride; k++) {
        m.set(o + k, 0f);
      }
    }
  }

  /** out[i] = table[labels[i]]; table [classes][stride], labels [n], out [n][stride]. */
  static void lookup(FloatArray m, IntArray d) {
    int n = d.get(Lookup.IMAGES);
    int stride = d.get(Lookup.STRIDE);
    int table = d.get(Lookup.TABLE);
    int labels = d.get(Lookup.LABELS);
    int out = d.get(Lookup.OUT);
    for (@Parallel int i = 0; i < n; i++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int label = (int) m.get(labels + i);
      int from = (table + label * stride) / lanes;
      int o = (out + i * stride) / lanes;
      for (@Parallel int j = 0; j < stride / lanes; j++) {
        v.set(o + j, v.get(from + j));
      }
    }
  }

  /**
   * gradTable[k] = sum of gradOut[i] over the i with labels[i] = k; gradOut [n][stride], labels
   * [n], gradTable [classes][stride].
   */
  static void lookupBackward(FloatArray m, IntArray d) {
    int classes = d.get(LookupBackward.CLASSES);
    int n = d.get(LookupBackward.IMAGES);
    int stride = d.get(LookupBackward.STRIDE);
    int grad = d.get(LookupBackward.GRAD_OUT);
    int labels = d.get(LookupBackward.LABELS);
    int table = d.get(LookupBackward.GRAD_TABLE);
    int accumulate = d.get(LookupBackward.ACCUMULATE);
    for (@Parallel int k = 0; k < classes; k++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int o = (table + k * stride) / lanes;
      for (@Parallel int j = 0; j < stride / lanes; j++) {
        Float16 sum = Lanes.zero();
        if (accumulate != 0) {
          sum = v.get(o + j);
        }
        for (int i = 0; i < n; i++) {
          if ((int) m.get(labels + i) == k) {
            sum = Lanes.add(sum, v.get((grad + i * stride) / lanes + j));
          }
        }
        v.set(o + j, sum);
      }
    }
  }
}
