package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.activation.Geglu;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** {@code value * gelu(gate)} of every element. */
public record GegluOperation(String label, Tensor value, Tensor gate, Tensor out)
    implements Operation {

  /** Records the product; value and gate have one shape, without border. */
  public static Tensor record(Graph graph, String label, Tensor value, Tensor gate) {
    Scope.check(
        label,
        value.shape().equals(gate.shape()) && value.shape().equals(value.plainShape()),
        "%s cannot be gated by %s",
        value,
        gate);
    Tensor out = Tensor.of(label, value.shape(), Tensor.anyNeedsGradient(value, gate));
    return graph.record(new GegluOperation(label, value, gate, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Geglu.forward(at.block(value), at.block(gate), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    if (value.needsGradient()) {
      Gradients.Target to = gradients.target(value);
      steps.add(
          name,
          at ->
              Geglu.valueGradient(
                  at.block(gate), at.block(gradOut), at.block(to.gradient()), to.accumulate()));
    }
    if (gate.needsGradient()) {
      Gradients.Target to = gradients.target(gate);
      steps.add(
          name,
          at ->
              Geglu.gateGradient(
                  at.block(value),
                  at.block(gate),
                  at.block(gradOut),
                  at.block(to.gradient()),
                  to.accumulate()));
    }
  }
}
