package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** Channels of a, then channels of b. */
public record ConcatOperation(String label, Tensor a, Tensor b, Tensor out) implements Operation {

  @Override
  public void forward(Schedule schedule) {
    schedule.add(
        label, at -> Elementwise.concat(at.block(a), at.block(b), at.block(out)), a, b, out);
  }

  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    slice(schedule, gradOut, 0, a, gradients);
    slice(schedule, gradOut, a.c(), b, gradients);
  }

  private void slice(
      Schedule schedule, Tensor gradOut, int fromChannel, Tensor x, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    Gradients.Target to = gradients.target(x);
    schedule.add(
        label + " gradient",
        at ->
            Elementwise.slice(
                at.block(gradOut), fromChannel, at.block(to.gradient()), to.accumulate()),
        gradOut,
        to.gradient());
  }
}
