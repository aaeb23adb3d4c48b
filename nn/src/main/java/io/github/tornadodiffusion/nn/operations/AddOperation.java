package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** {@code out = a + b}, element by element. */
public record AddOperation(String label, Tensor a, Tensor b, Tensor out) implements Operation {

  /** Records the sum of two tensors of one shape. */
  public static Tensor record(Graph graph, String label, Tensor a, Tensor b) {
    Scope.check(label, a.plainShape().equals(b.plainShape()), "cannot add %s and %s", a, b);
    Tensor out = Tensor.of(label, a.plainShape(), Tensor.anyNeedsGradient(a, b));
    return graph.record(new AddOperation(label, a, b, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Elementwise.add(at.block(a), at.block(b), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    gradients.copy(steps, label + " gradient", gradOut, b);
    gradients.pass(steps, label + " gradient", gradOut, a);
  }
}
