package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.Arrays;

/**
 * {@code out = a[i] x + b[i] y} for image i. With images and noise this is what a diffusion process
 * does to an image; with constants it is any weighted sum.
 *
 * @param a {@code [n]}; neither a nor b gets a gradient
 * @param zeros {@code [n]}
 */
public record MixOperation(
    String label, Tensor x, Tensor y, Stored a, Stored b, Buffer zeros, Tensor out)
    implements Operation {

  /**
   * Records the mixture of two tensors of one shape.
   *
   * @param a {@code [n]}, the weight of every image of x
   * @param b {@code [n]}, the weight of every image of y
   */
  public static Tensor record(
      Graph graph, String label, Tensor x, Tensor y, Stored a, Stored b, Padding border) {
    Scope.check(label, x.plainShape().equals(y.plainShape()), "cannot mix %s and %s", x, y);
    Block shape = Tensor.shape(x.n(), x.h(), x.w(), x.c(), border);
    Tensor out = Tensor.of(label, shape, Tensor.anyNeedsGradient(x, y));
    return graph.record(
        new MixOperation(label, x, y, a, b, ScaleImagesOperation.zeros(graph, x), out));
  }

  /** Records {@code x - y}. */
  public static Tensor subtract(Graph graph, String label, Tensor x, Tensor y) {
    float[] ones = new float[x.n()];
    float[] minusOnes = new float[x.n()];
    Arrays.fill(ones, 1);
    Arrays.fill(minusOnes, -1);
    return record(
        graph, label, x, y, graph.constant(ones), graph.constant(minusOnes), Padding.NONE);
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Noise.mix(at.block(x), at.block(y), at.of(a), at.of(b), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    share(steps, gradOut, a, x, gradients);
    share(steps, gradOut, b, y, gradients);
  }

  private void share(Steps steps, Tensor gradOut, Stored factors, Tensor in, Gradients gradients) {
    if (in.needsGradient()) {
      Tensor gradIn = gradients.contribution(in);
      ScaleImagesOperation.scale(steps, label + " gradient", gradOut, factors, zeros, gradIn);
      gradients.add(steps, label + " gradient", gradIn, in);
    }
  }
}
