package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;

/** diffusers' TimestepEmbedding: {@code linear_2(silu(linear_1(x)))}. */
public final class TimestepEmbedding {
  private final Scope scope;
  private final Conv2d linear1;
  private final Conv2d linear2;

  /** Declares two linear layers, channels to timeEmbedDim to timeEmbedDim. */
  public TimestepEmbedding(Scope scope, int channels, int timeEmbedDim) {
    this.scope = scope;
    linear1 = Conv2d.linear(scope.child("linear_1"), channels, timeEmbedDim, true);
    linear2 = Conv2d.linear(scope.child("linear_2"), timeEmbedDim, timeEmbedDim, true);
  }

  /** {@code [n, 1, 1, channels]} to {@code [n, 1, 1, timeEmbedDim]}. */
  public Tensor apply(Graph graph, Tensor x) {
    Tensor hidden = linear1.apply(graph, x);
    hidden = ActivationOperation.record(graph, scope.child("act").path(), Activation.SILU, hidden);
    return linear2.apply(graph, hidden);
  }
}
