package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Rows of a table.
 *
 * @param table {@code [entries, features]}
 * @param tableAt where it lies
 * @param rows the index of the row of every image, {@code [1, 1, 1, n]}
 */
public record LookupOperation(
    String label, Parameter table, Stored tableAt, Tensor rows, Tensor out) implements Operation {

  /** Records rows of a table, {@code [n, 1, 1, features]}. */
  public static Tensor record(Graph graph, String label, Parameter table, Tensor rows) {
    Block shape = Block.of(0, rows.c(), 1, 1, table.spec().shape()[1]);
    Tensor out = Tensor.of(label, shape, graph.trains(table));
    return graph.record(new LookupOperation(label, table, graph.at(table), rows, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Embedding.lookup(at.of(tableAt), at.of(rows), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    Gradients.ParameterTarget to = gradients.target(table);
    steps.add(
        label + " gradient",
        at ->
            Embedding.lookupBackward(
                at.block(gradOut),
                at.of(rows),
                table.spec().shape()[0],
                at.of(to.gradient()),
                to.accumulate()));
  }
}
