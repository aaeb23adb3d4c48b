package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** {@code out = a + b}. */
public record AddOperation(String label, Tensor a, Tensor b, Tensor out) implements Operation {

  @Override
  public void forward(Schedule schedule) {
    schedule.add(label, at -> Elementwise.add(at.block(a), at.block(b), at.block(out)), a, b, out);
  }

  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    gradients.copy(schedule, label + " gradient", gradOut, b);
    gradients.pass(schedule, label + " gradient", gradOut, a);
  }
}
