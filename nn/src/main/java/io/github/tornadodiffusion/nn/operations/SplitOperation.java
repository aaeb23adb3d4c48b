package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerCalls;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.List;

/** The first channels of x, then the others: what {@link ConcatOperation} joins. */
public record SplitOperation(String label, Tensor x, Tensor out, Tensor rest) implements Operation {

  /**
   * Records the two parts.
   *
   * @param channels of the first part
   * @return the first part and the rest
   */
  public static List<Tensor> record(Graph graph, String label, Tensor x, int channels) {
    Scope.check(
        label, channels > 0 && channels < x.c(), "cannot take %d channels of %s", channels, x);
    Tensor first = part(label, x, channels);
    Tensor rest = part(label, x, x.c() - channels);
    graph.record(new SplitOperation(label, x, first, rest));
    return List.of(first, rest);
  }

  private static Tensor part(String label, Tensor x, int channels) {
    return Tensor.of(label, Block.of(0, x.n(), x.h(), x.w(), channels), x.needsGradient());
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(out, rest);
  }

  @Override
  public void forward(Steps steps) {
    slice(steps, 0, out);
    slice(steps, out.c(), rest);
  }

  private void slice(Steps steps, int fromChannel, Tensor part) {
    steps.add(label, at -> Elementwise.slice(at.block(x), fromChannel, at.block(part), false));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Tensor first = gradOut == null ? zeros(steps, name, out) : gradOut;
    Tensor taken = gradients.take(rest);
    Tensor second = taken == null ? zeros(steps, name, rest) : taken;
    Tensor gradX = gradients.contribution(x);
    steps.add(name, at -> Elementwise.concat(at.block(first), at.block(second), at.block(gradX)));
    gradients.add(steps, name, gradX, x);
  }

  /** The gradient of a part that nothing depends on. */
  private static Tensor zeros(Steps steps, String name, Tensor part) {
    Tensor zeros = Tensor.of(name, part.plainShape(), false);
    steps.add(name, at -> OptimizerCalls.clear(at.of(zeros), zeros.floats()));
    return zeros;
  }
}
