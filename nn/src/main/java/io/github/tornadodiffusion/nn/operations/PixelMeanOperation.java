package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import io.github.tornadodiffusion.kernels.ops.resample.Resample;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * The sum over the pixels of every image, {@code [n, 1, 1, c]}.
 *
 * @param x without border
 */
public record PixelMeanOperation(String label, Tensor x, Tensor out) implements Operation {

  /** Records the mean over the pixels of every image, {@code [n, 1, 1, c]}. */
  public static Tensor record(Graph graph, String label, Tensor x) {
    Tensor in = BorderOperation.record(graph, label, x, Padding.NONE);
    return AffineOperation.scale(graph, label, sum(graph, label, in), 1.0 / (x.h() * x.w()));
  }

  static Tensor sum(Graph graph, String label, Tensor x) {
    Tensor out = UnaryOperation.out(label, x, Block.of(0, x.n(), 1, 1, x.c()));
    return graph.record(new PixelMeanOperation(label, x, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Reduce.sumPixels(at.block(x), at.of(out)));
  }

  /** Every pixel has the gradient of the sum. */
  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    String name = label + " gradient";
    Tensor gradX = gradients.contribution(x);
    steps.add(name, at -> Resample.nearest(at.block(gradOut), at.block(gradX)));
    gradients.add(steps, name, gradX, x);
  }
}
