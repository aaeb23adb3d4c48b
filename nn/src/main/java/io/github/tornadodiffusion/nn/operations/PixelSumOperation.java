package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import io.github.tornadodiffusion.kernels.ops.resample.Resample;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * The sum over the pixels of every image, {@code [n, 1, 1, c]}.
 *
 * @param x which nothing else reads
 */
public record PixelSumOperation(String label, Tensor x, Tensor out) implements Operation {
  @Override
  public void forward(Schedule schedule) {
    schedule.add(label, at -> Reduce.sumPixels(at.block(x), at.of(out)), x, out);
  }

  /** Every pixel has the gradient of the sum. */
  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    Tensor gradX = gradients.only(x);
    schedule.add(
        label + " gradient",
        at -> Resample.nearest(at.block(gradOut), at.block(gradX)),
        gradOut,
        gradX);
  }
}
