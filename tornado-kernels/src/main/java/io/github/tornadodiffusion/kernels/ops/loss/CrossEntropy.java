package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;

/**
 * The loss of a classifier: minus the logarithm of the probability that the softmax of its logits
 * gives the label. Labels are floats that hold integers below the number of classes. Bound by
 * memory.
 */
public final class CrossEntropy {
  private static final Kernel PER_IMAGE =
      Kernel.of(CrossEntropyKernels.class, "perImage").with(CrossEntropyOracles::perImage);
  private static final Kernel BACKWARD =
      Kernel.of(CrossEntropyKernels.class, "backward").with(CrossEntropyOracles::backward);

  private CrossEntropy() {}

  /**
   * perImage[i] = log(sum over k of exp(logits[i][k])) - logits[i][labels[i]].
   *
   * @param logits [n, 1, 1, classes]
   * @param labels offset of [n]
   * @param perImage offset of [n]
   */
  public static Call perImage(Block logits, int labels, int perImage) {
    Rows.requireRows(PER_IMAGE, logits);
    return call(PER_IMAGE, logits, labels, perImage, logits.size() + 2.0 * logits.n());
  }

  /**
   * Gradient of the mean over all images: (softmax(logits[i])[k] - (1 where k is labels[i])) / n.
   *
   * @param gradLogits of the shape of logits
   */
  public static Call backward(Block logits, int labels, Block gradLogits) {
    Rows.requireRows(BACKWARD, logits);
    if (!gradLogits.at(0).equals(logits.at(0))) {
      throw Rows.mismatch(BACKWARD, logits, gradLogits);
    }
    return call(BACKWARD, logits, labels, gradLogits.offset(), 2.0 * logits.size() + logits.n());
  }

  private static Call call(Kernel kernel, Block logits, int labels, int out, double floats) {
    int[] d = new int[CrossEntropyKernels.SIZE];
    d[CrossEntropyKernels.IMAGES] = logits.n();
    d[CrossEntropyKernels.CLASSES] = logits.c();
    d[CrossEntropyKernels.STRIDE] = logits.stride();
    d[CrossEntropyKernels.LOGITS] = logits.offset();
    d[CrossEntropyKernels.LABELS] = labels;
    d[CrossEntropyKernels.OUT] = out;
    return new Call(kernel, d, logits.n(), 4.0 * logits.n() * logits.c(), 4 * floats);
  }
}
