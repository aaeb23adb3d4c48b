package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The channels of all tokens of an image, one token after the other. It has no gradient. */
public record FlattenOperation(String label, Tensor x, Tensor out) implements Operation {

  /** Records {@code [n, 1, tokens, c]} as {@code [n, 1, 1, tokens * c]}. */
  public static Tensor record(Graph graph, String label, Tensor x) {
    Scope.check(label, x.h() == 1 && x.w() > 1, "%s is not a sequence", x);
    Tensor out = Tensor.of(label, Block.of(0, x.n(), 1, 1, x.w() * x.c()), false);
    return graph.record(new FlattenOperation(label, x, out));
  }

  @Override
  public void forward(Steps steps) {
    Tensor joined = null;
    for (int token = 1; token < x.w(); token++) {
      int last = token;
      Tensor before = joined;
      Block shape = Block.of(0, x.n(), 1, 1, (token + 1) * x.c());
      Tensor to = token == x.w() - 1 ? out : Tensor.of(label, shape, false);
      steps.add(
          label,
          at -> {
            Block tokens = at.block(x);
            Block first = before == null ? token(tokens, 0) : at.block(before);
            return Elementwise.concat(first, token(tokens, last), at.block(to));
          });
      joined = to;
    }
  }

  /** A token of every image: the others are its border. */
  private static Block token(Block tokens, int token) {
    return new Block(
        tokens.offset(), tokens.n(), 1, 1, tokens.c(), 0, token, 0, tokens.w() - 1 - token);
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    throw new IllegalStateException(label + " has no gradient");
  }
}
