package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.GegluOperation;
import io.github.tornadodiffusion.nn.operations.SplitOperation;
import java.util.List;

/** diffusers' GEGLU: {@code value * gelu(gate)}, the halves of one linear layer. */
public final class Geglu {
  private final Scope scope;
  private final int out;
  private final Conv2d proj;

  /** Declares the linear layer {@code proj}, in to 2 out. */
  public Geglu(Scope scope, int in, int out) {
    this.scope = scope;
    this.out = out;
    proj = Conv2d.linear(scope.child("proj"), in, 2 * out, true);
  }

  /** {@code [n, h, w, in]} to {@code [n, h, w, out]}. */
  public Tensor apply(Graph graph, Tensor x) {
    List<Tensor> halves = SplitOperation.record(graph, scope.path(), proj.apply(graph, x), out);
    return GegluOperation.record(graph, scope.path(), halves.getFirst(), halves.getLast());
  }
}
