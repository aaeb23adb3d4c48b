package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.dropout.Dropout;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Dropout as in PyTorch: in training every element becomes zero with some probability, and the
 * others are divided by the probability of staying, which preserves the mean (inverted dropout).
 *
 * <p>Which elements drop is a function of the seed, the step, the number of the layer and the index
 * of the element among all images of the step. It does not depend on how a batch is divided or on
 * the number of threads.
 *
 * @param seed see {@link Graph#random}
 * @param scale what the elements that stay are multiplied by
 */
public record DropoutOperation(
    String label, Tensor x, Buffer seed, double probability, Buffer scale, Tensor out)
    implements Operation {
  /** The stream of the first layer; later layers have the following ones. */
  private static final int FIRST_STREAM = 1 << 20;

  /**
   * Records dropout in a program that trains. In any other, and for probability 0, it records x
   * with the border.
   *
   * @param probability of an element to drop, from 0 to below 1
   */
  public static Tensor record(
      Graph graph, String label, Tensor x, double probability, Padding border) {
    if (!graph.training() || probability == 0) {
      return BorderOperation.record(graph, label, x, border);
    }
    long layers = graph.operations().stream().filter(DropoutOperation.class::isInstance).count();
    // The kernel multiplies by the elements of an image itself.
    Buffer seed = graph.random(FIRST_STREAM + Math.toIntExact(layers), 1);
    Buffer scale = graph.constant(Dropout.scale(probability));
    Tensor out = UnaryOperation.out(label, x, border);
    return graph.record(new DropoutOperation(label, x, seed, probability, scale, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label,
        at ->
            Dropout.drop(
                at.block(x), at.of(seed), probability, at.of(scale), at.block(out), false));
  }

  /** Elements that dropped have gradient 0; the others are multiplied by the scale, too. */
  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    Gradients.Target to = gradients.target(x);
    steps.add(
        label + " gradient",
        at ->
            Dropout.drop(
                at.block(gradOut),
                at.of(seed),
                probability,
                at.of(scale),
                at.block(to.gradient()),
                to.accumulate()));
  }
}
