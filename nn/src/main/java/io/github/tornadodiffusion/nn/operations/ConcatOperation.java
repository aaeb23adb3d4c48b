package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/** Channels of a, then channels of b. */
public record ConcatOperation(String label, Tensor a, Tensor b, Tensor out) implements Operation {

  /** Records the channels of a and b side by side. */
  public static Tensor record(Graph graph, String label, Tensor a, Tensor b) {
    Scope.check(
        label,
        a.n() == b.n() && a.h() == b.h() && a.w() == b.w(),
        "cannot join %s and %s: height and width must survive every downsampling undivided",
        a,
        b);
    Block shape = Block.of(0, a.n(), a.h(), a.w(), a.c() + b.c());
    Tensor out = Tensor.of(label, shape, Tensor.anyNeedsGradient(a, b));
    return graph.record(new ConcatOperation(label, a, b, out));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> Elementwise.concat(at.block(a), at.block(b), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    slice(steps, gradOut, 0, a, gradients);
    slice(steps, gradOut, a.c(), b, gradients);
  }

  private void slice(Steps steps, Tensor gradOut, int fromChannel, Tensor x, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    Gradients.Target to = gradients.target(x);
    steps.add(
        label + " gradient",
        at ->
            Elementwise.slice(
                at.block(gradOut), fromChannel, at.block(to.gradient()), to.accumulate()));
  }
}
