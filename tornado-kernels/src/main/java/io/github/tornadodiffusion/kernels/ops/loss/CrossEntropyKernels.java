package io.github.tornadodiffusion.kernels.ops.loss;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels of {@link CrossEntropy}: an iteration is one image, since classes are few. The largest
 * logit is subtracted first, so that no exponential overflows. Both have the same descriptor.
 */
final class CrossEntropyKernels {
  static final int IMAGES = 0;
  static final int CLASSES = 1;
  static final int STRIDE = 2;

  /** Offset of the logits, [images][stride]. */
  static final int LOGITS = 3;

  /** Offset of the labels, [images]. */
  static final int LABELS = 4;

  /** Offset of the losses, [images], or of the gradient, [images][stride]. */
  static final int OUT = 5;

  static final int SIZE = 6;

  private CrossEntropyKernels() {}

  /** out[n] = log(sum over k of exp(logits[n][k])) - logits[n][labels[n]]. */
  static void perImage(FloatArray m, IntArray d) {
    int images = d.get(IMAGES);
    int classes = d.get(CLASSES);
    int stride = d.get(STRIDE);
    int logits = d.get(LOGITS);
    int labels = d.get(LABELS);
    int out = d.get(OUT);
    for (@Parallel int n = 0; n < images; n++) {
      int row = logits + n * stride;
      float largest = largest(m, row, classes);
      float sum = sum(m, row, classes, largest);
      int label = (int) m.get(labels + n);
      m.set(out + n, TornadoMath.log(sum) + (largest - m.get(row + label)));
    }
  }

  /** out[n][k] = (softmax(logits[n])[k] - (1 where k is labels[n])) / images. */
  static void backward(FloatArray m, IntArray d) {
    int images = d.get(IMAGES);
    int classes = d.get(CLASSES);
    int stride = d.get(STRIDE);
    int logits = d.get(LOGITS);
    int labels = d.get(LABELS);
    int out = d.get(OUT);
    for (@Parallel int n = 0; n < images; n++) {
      int row = logits + n * stride;
      float largest = largest(m, row, classes);
      float sum = sum(m, row, classes, largest);
      int label = (int) m.get(labels + n);
      for (int k = 0; k < classes; k++) {
        float probability = TornadoMath.exp(m.get(row + k) - largest) / sum;
        float wanted = k == label ? 1f : 0f;
        m.set(out + n * stride + k, (probability - wanted) / images);
      }
      for (int k = classes; k < stride; k++) {
        m.set(out + n * stride + k, 0f);
      }
    }
  }

  private static float largest(FloatArray m, int row, int classes) {
    float largest = m.get(row);
    for (int k = 1; k < classes; k++) {
      largest = TornadoMath.max(largest, m.get(row + k));
    }
    return largest;
  }

  private static float sum(FloatArray m, int row, int classes, float largest) {
    float sum = 0f;
    for (int k = 0; k < classes; k++) {
      sum += TornadoMath.exp(m.get(row + k) - largest);
    }
    return sum;
  }
}
