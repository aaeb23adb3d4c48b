package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** {@code factor * x + term}, element by element. */
public final class AffineOperation {
  private AffineOperation() {}

  /** Records {@code factor * x}. */
  public static Tensor scale(Graph graph, String label, Tensor x, double factor) {
    return graph.record(
        new UnaryOperation(
            label,
            x,
            graph.constant((float) factor),
            null,
            UnaryOperation.out(label, x, x.plainShape()),
            (in, constant, to) -> Elementwise.scale(in, constant, to, false),
            AffineOperation::backward));
  }

  /** Records {@code factor * x + term}, with a border for the convolution to come. */
  public static Tensor record(
      Graph graph, String label, Tensor x, double factor, double term, Padding border) {
    return graph.record(
        new UnaryOperation(
            label,
            x,
            graph.constant((float) factor, (float) term),
            null,
            UnaryOperation.out(label, x, border),
            (in, constant, to) -> Elementwise.affine(in, constant, constant + 1, to),
            AffineOperation::backward));
  }

  private static Call backward(
      Block saved, int factor, Block gradOut, Block gradX, boolean accumulate) {
    return Elementwise.scale(gradOut, factor, gradX, accumulate);
  }
}
