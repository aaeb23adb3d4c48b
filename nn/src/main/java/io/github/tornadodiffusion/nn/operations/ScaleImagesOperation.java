package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Each image of x times a number of its own.
 *
 * @param factors {@code [n]}; they get no gradient
 * @param zeros {@code [n]}
 */
public record ScaleImagesOperation(String label, Tensor x, Stored factors, Buffer zeros, Tensor out)
    implements Operation {

  /** Records each image of x times its factor. */
  public static Tensor record(Graph graph, String label, Tensor x, Stored factors) {
    Tensor out = UnaryOperation.out(label, x, x.plainShape());
    return graph.record(new ScaleImagesOperation(label, x, factors, zeros(graph, x), out));
  }

  @Override
  public void forward(Steps steps) {
    scale(steps, label, x, factors, zeros, out);
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    if (x.needsGradient()) {
      Tensor gradX = gradients.contribution(x);
      scale(steps, label + " gradient", gradOut, factors, zeros, gradX);
      gradients.add(steps, label + " gradient", gradX, x);
    }
  }

  /** Zeros for {@link #scale} of a tensor's images. */
  static Buffer zeros(Graph graph, Tensor x) {
    return graph.constant(new float[x.n()]);
  }

  /** A mixture of images with themselves, in which the second weight is zero. */
  static void scale(
      Steps steps, String name, Tensor from, Stored factors, Buffer zeros, Tensor to) {
    steps.add(
        name,
        at -> {
          Block in = at.block(from);
          return Noise.mix(in, in, at.of(factors), at.of(zeros), at.block(to));
        });
  }
}
