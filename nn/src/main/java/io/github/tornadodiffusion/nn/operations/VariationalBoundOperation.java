package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.loss.VariationalBound;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * The term of the variational bound of every image's timestep in nats per dimension, {@code [1, 1,
 * 1, n]}, for a model that predicts the variance of a step (Nichol and Dhariwal 2021). Only the
 * variance gets a gradient: the prediction is treated as a constant.
 *
 * @param prediction of the target
 * @param variance what the model predicts for the variance
 * @param images x_0
 * @param coefficients of the timesteps
 */
public record VariationalBoundOperation(
    String label,
    Tensor prediction,
    Tensor target,
    Tensor variance,
    Tensor images,
    Coefficients coefficients,
    Tensor out)
    implements Operation {

  /** What the kernels need to know about the timesteps, {@code [1, 1, 1, n]} each. */
  public record Coefficients(Tensor range, Tensor scale, Tensor halfBin) {}

  /** Records the bound, of tensors without border and of one shape. */
  public static Tensor record(
      Graph graph,
      String label,
      Tensor prediction,
      Tensor target,
      Tensor variance,
      Tensor images,
      Coefficients coefficients) {
    Tensor out = Tensor.perImage(label, prediction.n(), variance.needsGradient());
    return graph.record(
        new VariationalBoundOperation(
            label, prediction, target, variance, images, coefficients, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label,
        at ->
            VariationalBound.perImage(
                at.block(prediction),
                at.block(target),
                at.block(variance),
                at.block(images),
                at.of(coefficients.range),
                at.of(coefficients.scale),
                at.of(coefficients.halfBin),
                at.of(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Tensor gradient = gradients.contribution(variance);
    steps.add(
        name,
        at ->
            VariationalBound.backward(
                at.block(prediction),
                at.block(target),
                at.block(variance),
                at.block(images),
                at.of(coefficients.range),
                at.of(coefficients.scale),
                at.of(coefficients.halfBin),
                at.of(gradOut),
                at.block(gradient)));
    gradients.add(steps, name, gradient, variance);
  }
}
