package io.github.tornadodiffusion.kernels.ops.embedding;

import io.github.tornadodiffusion.kernels.Lanes;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;

/**
 * Kernels of {@link Embedding}: an iteration writes one row of the output or of the table's
 * gradient.
 */
final class EmbeddingKernels {
  private EmbeddingKernels() {}

  /**
   * Descriptor: 0 images, 1 frequencies, 2 channel stride, 3 offset of the timesteps, 4 of the
   * frequencies, 5 of the output, 6 channel of the first sine, 7 of the first cosine, 8 offset of
   * the factor.
   */
  static void sinusoid(FloatArray m, IntArray d) {
    int n = d.get(0);
    int half = d.get(1);
    int stride = d.get(2);
    int timesteps = d.get(3);
    int frequencies = d.get(4);
    int out = d.get(5);
    int sinAt = d.get(6);
    int cosAt = d.get(7);
    int factor = d.get(8);
    for (@Parallel int i = 0; i < n; i++) {
      int o = out + i * stride;
      float time = m.get(timesteps + i);
      for (int k = 0; k < half; k++) {
        float angle = time * m.get(frequencies + k) * m.get(factor);
        m.set(o + sinAt + k, TornadoMath.sin(angle));
        m.set(o + cosAt + k, TornadoMath.cos(angle));
      }
      for (int k = 2 * half; k < stride; k++) {
        m.set(o + k, 0f);
      }
    }
  }

  /** Descriptor: 0 images, 1 channel stride, 2 table, 3 labels, 4 output. */
  static void lookup(FloatArray m, IntArray d) {
    int n = d.get(0);
    int stride = d.get(1);
    int table = d.get(2);
    int labels = d.get(3);
    int out = d.get(4);
    for (@Parallel int i = 0; i < n; i++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int label = (int) m.get(labels + i);
      int from = (table + label * stride) / lanes;
      int o = (out + i * stride) / lanes;
      for (int j = 0; j < stride / lanes; j++) {
        v.set(o + j, v.get(from + j));
      }
    }
  }

  /**
   * Descriptor: 0 classes, 1 images, 2 channel stride, 3 gradOut, 4 labels, 5 gradTable, 6 whether
   * to add to it.
   */
  static void lookupBackward(FloatArray m, IntArray d) {
    int classes = d.get(0);
    int n = d.get(1);
    int stride = d.get(2);
    int grad = d.get(3);
    int labels = d.get(4);
    int table = d.get(5);
    int accumulate = d.get(6);
    for (@Parallel int k = 0; k < classes; k++) {
      VectorFloat16 v = new VectorFloat16(m);
      int lanes = Lanes.width();
      int o = (table + k * stride) / lanes;
      if (accumulate == 0) {
        Lanes.clear(v, table + k * stride, stride);
      }
      for (int i = 0; i < n; i++) {
        int label = (int) m.get(labels + i);
        int from = (grad + i * stride) / lanes;
        int count = label == k ? stride / lanes : 0;
        for (int j = 0; j < count; j++) {
          v.set(o + j, Lanes.add(v.get(o + j), v.get(from + j)));
        }
      }
    }
  }
}
