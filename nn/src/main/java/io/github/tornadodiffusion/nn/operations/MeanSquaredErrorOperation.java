package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.loss.Loss;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * The mean squared error of every image, {@code [1, 1, 1, n]}.
 *
 * @param prediction without border
 * @param target likewise; it gets no gradient
 */
public record MeanSquaredErrorOperation(String label, Tensor prediction, Tensor target, Tensor out)
    implements Operation {

  /** Records the mean of {@code (prediction - target)^2} over the elements of every image. */
  public static Tensor record(Graph graph, String label, Tensor prediction, Tensor target) {
    Scope.check(
        label,
        prediction.plainShape().equals(target.plainShape()),
        "cannot compare %s with %s",
        prediction,
        target);
    Tensor x = BorderOperation.record(graph, label, prediction, Padding.NONE);
    Tensor y = BorderOperation.record(graph, label, target, Padding.NONE);
    Tensor out = Tensor.perImage(label, x.n(), x.needsGradient());
    return graph.record(new MeanSquaredErrorOperation(label, x, y, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label, at -> Loss.meanSquaredError(at.block(prediction), at.block(target), at.of(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Tensor gradient = gradients.contribution(prediction);
    steps.add(
        name,
        at ->
            Loss.meanSquaredErrorBackward(
                at.block(prediction), at.block(target), at.of(gradOut), at.block(gradient)));
    gradients.add(steps, name, gradient, prediction);
  }
}
