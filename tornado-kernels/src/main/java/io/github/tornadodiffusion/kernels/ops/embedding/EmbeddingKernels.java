package io.github.tornadodiffusion.kernels.ops.embedding;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;

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

  /** Places of {@link #scatter}. */
  static final class Scatter {
    static final int IMAGES = 0;
    static final int STRIDE = 1;
    static final int GRAD_OUT = 2;
    static final int LABELS = 3;
    static final int GRAD_TABLE = 4;

    /** Rows of the table, for the oracle. */
    static final int CLASSES = 5;

    static final int SIZE = 6;

    private Scatter() {}
  }

  /** Places of {@link #ends}. */
  static final class Ends {
    static final int IMAGES = 0;
    static final int TOKENS = 1;
    static final int IDS = 2;

    /** The token to look for; negative for the greatest. */
    static final int END = 3;

    static final int OUT = 4;
    static final int SIZE = 5;

    private Ends() {}
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
   * gradTable[labels[i]] += gradOut[i] in the order of i; gradOut [n][stride], labels [n],
   * gradTable [classes][stride]. An iteration has 16 channels to itself.
   */
  static void scatter(FloatArray m, IntArray d) {
    int n = d.get(Scatter.IMAGES);
    int stride = d.get(Scatter.STRIDE);
    int groups = stride / 16;
    int grad = d.get(Scatter.GRAD_OUT);
    int labels = d.get(Scatter.LABELS);
    int table = d.get(Scatter.GRAD_TABLE);
    for (@Parallel int g = 0; g < groups; g++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int vectors = 16 / lanes;
      for (@Parallel int j = 0; j < vectors; j++) {
        int channel = g * vectors + j;
        for (int i = 0; i < n; i++) {
          int label = (int) m.get(labels + i);
          int o = (table + label * stride) / lanes + channel;
          v.set(o, Lanes.add(v.get(o), v.get((grad + i * stride) / lanes + channel)));
        }
      }
    }
  }

  /**
   * out[i] = T * i + the first t at which ids[i][t] is the greatest, or equal to END if that is not
   * negative, or 0 if it is nowhere; ids [n][T], out [n].
   */
  static void ends(FloatArray m, IntArray d) {
    int n = d.get(Ends.IMAGES);
    int tokens = d.get(Ends.TOKENS);
    int ids = d.get(Ends.IDS);
    int end = d.get(Ends.END);
    int out = d.get(Ends.OUT);
    for (@Parallel int i = 0; i < n; i++) {
      int found = 0;
      float greatest = -1f;
      for (int t = 0; t < tokens; t++) {
        float id = m.get(ids + i * tokens + t);
        float rank = id;
        if (end >= 0) {
          rank = 0f;
          if ((int) id == end) {
            rank = 1f;
          }
        }
        if (rank > greatest) {
          greatest = rank;
          found = t;
        }
      }
      m.set(out + i, i * tokens + found);
    }
  }
}
