package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.posterior.Posterior;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** {@code min(max(x, least), largest)}, element by element. */
public final class BoundedOperation {
  private BoundedOperation() {}

  /**
   * Records x within bounds; it has no gradient beyond them.
   *
   * @param least at most 0
   * @param largest at least 0
   */
  public static Tensor record(Graph graph, String label, Tensor x, double least, double largest) {
    return graph.record(
        new UnaryOperation(
            label,
            x,
            graph.constant((float) least, (float) largest),
            x,
            UnaryOperation.out(label, x, x.plainShape()),
            Posterior::bounded,
            Posterior::boundedBackward));
  }
}
