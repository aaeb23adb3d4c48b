package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The same values within another border of zeros. */
public final class BorderOperation {
  private BorderOperation() {}

  /** Records a copy of x with a border; x itself if it has that border. */
  public static Tensor record(Graph graph, String label, Tensor x, Padding border) {
    if (x.padding().equals(border)) {
      return x;
    }
    return graph.record(
        new UnaryOperation(
            label,
            x,
            null,
            null,
            UnaryOperation.out(label + " border", x, border),
            (in, constant, to) -> Elementwise.copy(in, to, false),
            (saved, constant, gradOut, gradX, accumulate) ->
                Elementwise.copy(gradOut, gradX, accumulate)));
  }
}
