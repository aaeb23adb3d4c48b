package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The sinusoidal embedding of timesteps, which nothing is differentiated by. */
public record SinusoidOperation(
    String label,
    Buffer timesteps,
    Stored frequencies,
    Stored factor,
    boolean flipSinToCos,
    Tensor out)
    implements Operation {

  @Override
  public void forward(Schedule schedule) {
    schedule.add(
        label,
        at ->
            Embedding.sinusoid(
                at.of(timesteps), at.of(frequencies), at.of(factor), flipSinToCos, at.block(out)),
        timesteps,
        frequencies,
        factor,
        out);
  }

  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    throw new IllegalStateException(label + " has no gradient");
  }
}
