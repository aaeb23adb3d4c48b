package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** The tokens or pixels of a, then those of b: a concatenation of all their lanes. */
public record ConcatTokensOperation(String label, Tensor a, Tensor b, Tensor out)
    implements Operation {

  /** Records {@code [n, 1, tokens of a + tokens of b, c]}. */
  public static Tensor record(Graph graph, String label, Tensor a, Tensor b) {
    Scope.check(
        label,
        a.n() == b.n()
            && a.c() == b.c()
            && a.shape().equals(a.plainShape())
            && b.shape().equals(b.plainShape()),
        "cannot join the tokens of %s and %s",
        a,
        b);
    Block shape = Block.of(0, a.n(), 1, a.h() * a.w() + b.h() * b.w(), a.c());
    Tensor out = Tensor.of(label, shape, Tensor.anyNeedsGradient(a, b));
    return graph.record(new ConcatTokensOperation(label, a, b, out));
  }

  /** All lanes of an image as channels. */
  private static Block lanes(Block block) {
    return Block.of(
        block.offset(), block.n(), 1, 1, block.h() * block.w() * Block.round16(block.c()));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(
        label,
        at -> Elementwise.concat(lanes(at.block(a)), lanes(at.block(b)), lanes(at.block(out))));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    slice(steps, gradOut, 0, a, gradients);
    slice(steps, gradOut, lanes(a.shape()).c(), b, gradients);
  }

  private void slice(Steps steps, Tensor gradOut, int fromLane, Tensor x, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    Gradients.Target to = gradients.target(x);
    steps.add(
        label + " gradient",
        at ->
            Elementwise.slice(
                lanes(at.block(gradOut)),
                fromLane,
                lanes(at.block(to.gradient())),
                to.accumulate()));
  }
}
