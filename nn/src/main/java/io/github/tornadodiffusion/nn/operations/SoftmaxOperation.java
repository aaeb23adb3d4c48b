package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** Softmax over the channels of every pixel. */
public final class SoftmaxOperation {
  private SoftmaxOperation() {}

  /** Records the softmax. */
  public static Tensor record(Graph graph, String label, Tensor x) {
    Tensor out = UnaryOperation.out(label, x, x.plainShape());
    return graph.record(
        new UnaryOperation(
            label,
            x,
            null,
            out,
            out,
            (in, constant, to) -> Elementwise.softmax(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                Elementwise.softmaxBackward(saved, gradOut, gradX, accumulate)));
  }
}
