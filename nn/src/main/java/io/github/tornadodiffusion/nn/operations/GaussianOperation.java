package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Standard normal noise from a counter. It has no gradient.
 *
 * @param seed see {@link Graph#random}
 */
public record GaussianOperation(String label, Buffer seed, Tensor out) implements Operation {

  /**
   * Records noise of a shape.
   *
   * @param stream distinguishes it from other random numbers of the program
   */
  public static Tensor record(Graph graph, String label, Block shape, int stream) {
    Buffer seed = graph.random(stream, shape.h() * shape.w() * shape.c());
    return graph.record(new GaussianOperation(label, seed, Tensor.of(label, shape, false)));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Noise.gaussian(at.of(seed), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    throw new IllegalStateException(label + " has no gradient");
  }
}
