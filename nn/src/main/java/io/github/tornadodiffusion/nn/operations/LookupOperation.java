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
 * Rows of a table; the gradients of a row that comes twice are added in the order of the rows.
 *
 * @param table {@code [entries, features]}
 * @param tableAt where it lies
 * @param rows the index of the row of every image or token, {@code [n]}
 */
public record LookupOperation(
    String label, Parameter table, Stored tableAt, Stored rows, Tensor out) implements Operation {

  /** Records rows of a table, {@code [n, 1, 1, features]}; rows {@code [1, 1, 1, n]}. */
  public static Tensor record(Graph graph, String label, Parameter table, Tensor rows) {
    return record(graph, label, table, rows, rows.c());
  }

  /** Records rows of a table that are always the same, {@code [n, 1, 1, features]}. */
  public static Tensor record(Graph graph, String label, Parameter table, float... rows) {
    return record(graph, label, table, graph.constant(rows), rows.length);
  }

  private static Tensor record(Graph graph, String label, Parameter table, Stored rows, int count) {
    Block shape = Block.of(0, count, 1, 1, table.spec().shape()[1]);
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
    steps.addAll(
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
