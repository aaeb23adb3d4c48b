package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The same elements with their pixels arranged differently; nothing is computed. */
public record ReshapeOperation(String label, Tensor x, Tensor out) implements Operation {

  /**
   * Records x as {@code [n, h, w, c]}.
   *
   * @param x without border, with the same number of pixels and channels
   */
  public static Tensor record(Graph graph, String label, Tensor x, int n, int h, int w) {
    return graph.record(new ReshapeOperation(label, x, x.as(Block.of(0, n, h, w, x.c()))));
  }

  @Override
  public void forward(Steps steps) {
    // The output is x's memory.
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    gradients.pass(steps, label + " gradient", gradOut.as(x.shape()), x);
  }
}
