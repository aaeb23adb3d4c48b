package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.LayerNormOperation;

/** torch.nn.LayerNorm over the channels of every pixel or token. */
public final class LayerNorm {
  private final Scope scope;
  private final double epsilon;
  private final Parameter weight;
  private final Parameter bias;

  /** Declares weight and bias, [channels]. */
  public LayerNorm(Scope scope, int channels, double epsilon) {
    this.scope = scope;
    this.epsilon = epsilon;
    weight = scope.parameter("weight", Kind.NORM_WEIGHT, 1, channels);
    bias = scope.parameter("bias", Kind.NORM_BIAS, 1, channels);
  }

  /** The normalised x. */
  public Tensor apply(Graph graph, Tensor x) {
    return LayerNormOperation.record(graph, scope.path(), x, epsilon, weight, bias);
  }
}
