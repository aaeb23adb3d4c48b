package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.product.MatMul;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.Arrays;

/**
 * The mean over all elements of every image, {@code [1, 1, 1, n]}: turns anything that is computed
 * element by element into a loss. It is a product with a row of equal numbers.
 *
 * @param x {@code [n, 1, 1, c]}
 * @param share the weight of an element in the mean, c times
 * @param gradient the same divided by n, because the loss is the mean over the batch
 */
public record ImageMeanOperation(String label, Tensor x, Buffer share, Buffer gradient, Tensor out)
    implements Operation {

  /** Records the mean over all elements of every image of x. */
  public static Tensor record(Graph graph, String label, Tensor x) {
    Tensor in = BorderOperation.record(graph, label, x, Padding.NONE);
    Tensor sums = x.h() * x.w() == 1 ? in : PixelMeanOperation.sum(graph, label, in);
    double share = 1.0 / (x.h() * x.w() * x.c());
    return graph.record(
        new ImageMeanOperation(
            label,
            sums,
            constant(graph, x.c(), share),
            constant(graph, x.c(), share / x.n()),
            Tensor.perImage(label, x.n(), x.needsGradient())));
  }

  private static Buffer constant(Graph graph, int count, double value) {
    float[] values = new float[count];
    Arrays.fill(values, (float) value);
    return graph.constant(values);
  }

  @Override
  public void forward(Steps steps) {
    Buffer scratch = Buffer.scratch(label, MatMul.scratch(1, x.n(), x.c()));
    steps.addAll(
        label,
        at ->
            MatMul.multiply(
                1,
                1,
                x.n(),
                x.c(),
                at.of(share),
                false,
                at.of(x),
                true,
                at.of(out),
                at.of(scratch)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Tensor gradX = gradients.contribution(x);
    Buffer scratch = Buffer.scratch(name, MatMul.scratch(1, x.c(), 1));
    steps.addAll(
        name,
        at ->
            MatMul.multiply(
                1,
                x.n(),
                x.c(),
                1,
                at.of(gradOut),
                true,
                at.of(gradient),
                false,
                at.of(gradX),
                at.of(scratch)));
    gradients.add(steps, name, gradX, x);
  }
}
