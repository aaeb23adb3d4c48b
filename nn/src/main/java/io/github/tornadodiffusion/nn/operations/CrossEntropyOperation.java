package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.loss.CrossEntropy;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * The cross-entropy of every image in nats, {@code [1, 1, 1, n]}: minus the logarithm of the
 * probability that the softmax of its logits gives its label.
 *
 * @param logits {@code [n, 1, 1, classes]}
 * @param labels {@code [1, 1, 1, n]}
 * @param zeros {@code [n]}
 */
public record CrossEntropyOperation(
    String label, Tensor logits, Tensor labels, Buffer zeros, Tensor out) implements Operation {

  /** Records the cross-entropy of logits and labels. */
  public static Tensor record(Graph graph, String label, Tensor logits, Tensor labels) {
    Tensor out = Tensor.perImage(label, logits.n(), logits.needsGradient());
    return graph.record(
        new CrossEntropyOperation(
            label, logits, labels, ScaleImagesOperation.zeros(graph, logits), out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> CrossEntropy.perImage(at.block(logits), at.of(labels), at.of(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Tensor unweighted = Tensor.of(name, logits.plainShape(), false);
    steps.add(
        name, at -> CrossEntropy.backward(at.block(logits), at.of(labels), at.block(unweighted)));
    Tensor gradient = gradients.contribution(logits);
    ScaleImagesOperation.scale(steps, name, unweighted, gradOut, zeros, gradient);
    gradients.add(steps, name, gradient, logits);
  }
}
