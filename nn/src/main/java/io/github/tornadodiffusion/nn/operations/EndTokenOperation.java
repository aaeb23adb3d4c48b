package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.OptionalInt;

/**
 * The hidden state of the token that ends every sequence.
 *
 * @param x {@code [n, 1, tokens, c]}
 * @param ids the tokens, {@code [1, 1, 1, n * tokens]}
 * @param end the token that ends a sequence; empty for the greatest of its tokens
 * @param rows where the hidden states lie in x
 */
public record EndTokenOperation(
    String label, Tensor x, Tensor ids, OptionalInt end, Buffer rows, Tensor out)
    implements Operation {

  /**
   * Records the hidden states {@code [n, 1, 1, c]} of the first such token of every sequence; where
   * there is none, that of its first token.
   */
  public static Tensor record(Graph graph, String label, Tensor x, Tensor ids, OptionalInt end) {
    Scope.check(
        label,
        x.shape().equals(x.plainShape()) && x.h() == 1 && ids.c() == x.n() * x.w(),
        "%s are not the hidden states of %s",
        x,
        ids);
    Buffer rows = Buffer.temporary(label + " rows", x.n());
    Tensor out = Tensor.of(label, Block.of(0, x.n(), 1, 1, x.c()), x.needsGradient());
    return graph.record(new EndTokenOperation(label, x, ids, end, rows, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Embedding.ends(at.of(ids), x.n(), x.w(), end.orElse(-1), at.of(rows)));
    steps.add(label, at -> Embedding.lookup(at.of(x), at.of(rows), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    Gradients.Target to = gradients.target(x);
    steps.addAll(
        label + " gradient",
        at ->
            Embedding.lookupBackward(
                at.block(gradOut),
                at.of(rows),
                x.n() * x.w(),
                at.of(to.gradient()),
                to.accumulate()));
  }
}
