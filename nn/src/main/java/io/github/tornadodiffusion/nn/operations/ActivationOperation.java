package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.List;

/** An activation function of every element. */
public final class ActivationOperation {
  private ActivationOperation() {}

  /**
   * Records an activation without border. There is one for each input, because all resnets share
   * that of the time embedding.
   */
  public static Tensor record(Graph graph, String label, Activation function, Tensor x) {
    return graph.once(List.of(function, x), () -> record(graph, label, function, x, Padding.NONE));
  }

  /** Records an activation with a border for the convolution to come. */
  public static Tensor record(
      Graph graph, String label, Activation function, Tensor x, Padding border) {
    return UnaryOperation.record(graph, label, x, border, function::forward, function::backward);
  }
}
