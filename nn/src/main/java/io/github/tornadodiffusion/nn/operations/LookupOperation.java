package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Rows of a table.
 *
 * @param table a parameter, which lies at {@code tableAt}
 * @param labels the row of every image, {@code [n]}
 */
public record LookupOperation(
    String label, Parameter table, Stored tableAt, Buffer labels, Tensor out) implements Operation {

  @Override
  public void forward(Schedule schedule) {
    schedule.add(
        label,
        at -> Embedding.lookup(at.of(tableAt), at.of(labels), at.block(out)),
        tableAt,
        labels,
        out);
  }

  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    Gradients.ParameterTarget to = gradients.target(table);
    schedule.add(
        label + " gradient",
        at ->
            Embedding.lookupBackward(
                at.block(gradOut),
                at.of(labels),
                table.spec().shape()[0],
                at.of(to.gradient()),
                to.accumulate()),
        gradOut,
        labels,
        to.gradient());
  }
}
