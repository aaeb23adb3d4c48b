package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Each image of x times a number of its own. It is a mixture of x with itself, in which the second
 * share is zero.
 *
 * @param factors {@code [n]}
 * @param zeros {@code [n]}
 */
public record ScaleImagesOperation(String label, Tensor x, Buffer factors, Buffer zeros, Tensor out)
    implements Operation {

  @Override
  public void forward(Schedule schedule) {
    mix(schedule, label, x, out);
  }

  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    if (x.needsGradient()) {
      mix(schedule, label + " gradient", gradOut, gradients.only(x));
    }
  }

  private void mix(Schedule schedule, String name, Tensor from, Tensor to) {
    schedule.add(
        name,
        at -> {
          var in = at.block(from);
          return Noise.mix(in, in, at.of(factors), at.of(zeros), at.block(to));
        },
        from,
        factors,
        zeros,
        to);
  }
}
