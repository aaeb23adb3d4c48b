package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.ops.loss.Loss;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The loss of a diffusion model. */
final class MeanSquaredError {
  private MeanSquaredError() {}

  /**
   * Adds the loss and its gradient to the schedule; the loss is the mean over all elements, each
   * image's multiplied by its weight.
   *
   * @param weights {@code [n]}
   * @param lossPerImage takes the mean over the elements of every image, without weight, {@code
   *     [n]}
   * @return the gradient of the output
   */
  static Tensor record(
      Schedule schedule, Tensor output, Tensor target, Buffer weights, Buffer lossPerImage) {
    schedule.add(
        "loss",
        at -> Loss.meanSquaredError(at.block(output), at.block(target), at.of(lossPerImage)),
        output,
        target,
        lossPerImage);
    Tensor gradOutput = Tensor.of("loss gradient", output.plainShape(), false);
    schedule.add(
        "loss gradient",
        at ->
            Loss.meanSquaredErrorBackward(
                at.block(output), at.block(target), at.of(weights), at.block(gradOutput)),
        output,
        target,
        weights,
        gradOutput);
    return gradOutput;
  }
}
