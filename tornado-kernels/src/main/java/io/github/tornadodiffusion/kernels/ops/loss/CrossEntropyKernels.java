package io.github.tornadodiffusion.kernels.ops.loss;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels of {@link CrossEntropy}: an iteration is one image, since classes are few. The largest
 * logit is subtracted first, so that no exponential overflows. Descriptor of both: 0 images, 1
 * classes, 2 channel stride, 3 logits, 4 labels, 5 output.
 */
final class CrossEntropyKernels {
  private CrossEntropyKernels() {}

  static void perImage(FloatArray m, IntArray d) {
    int images = d.get(0);
    int classes = d.get(1);
    int stride = d.get(2);
    int logits = d.get(3);
    int labels = d.get(4);
    int out = d.get(5);
    for (@Parallel int n = 0; n < images; n++) {
      int row = logits + n * stride;
      float largest = largest(m, row, classes);
      float sum = sum(m, row, classes, largest);
      int label = (int) m.get(labels + n);
      m.set(out + n, TornadoMath.log(sum) + (largest - m.get(row + label)));
    }
  }

  static void backward(FloatArray m, IntArray d) {
    int images = d.get(0);
    int classes = d.get(1);
    int stride = d.get(2);
    int logits = d.get(3);
    int labels = d.get(4);
    int out = d.get(5);
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
