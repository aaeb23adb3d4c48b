package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * An operation with one input and one launch each way.
 *
 * @param constant what both launches read in addition, or null
 * @param saved what the backward launch reads besides the gradient: x, out or null
 */
public record UnaryOperation(
    String label,
    Tensor x,
    Stored constant,
    Tensor saved,
    Tensor out,
    Forward forward,
    Backward backward)
    implements Operation {

  /** Makes the forward launch. */
  public interface Forward {
    /** With the offset of the constant, -1 for none. */
    Call call(Block x, int constant, Block out);
  }

  /** Makes the backward launch. */
  public interface Backward {
    /** With a null block where nothing was saved. */
    Call call(Block saved, int constant, Block gradOut, Block gradX, boolean accumulate);
  }

  /** Makes the forward launch of a function of every element. */
  @FunctionalInterface
  public interface Function {
    /** Writes the function of x. */
    Call call(Block x, Block out);
  }

  /** Makes the backward launch of a function of every element. */
  @FunctionalInterface
  public interface Gradient {
    /**
     * Writes the gradient of x.
     *
     * @param accumulate whether it is added to what is there
     */
    Call call(Block x, Block gradOut, Block gradX, boolean accumulate);
  }

  /**
   * Records a function of every element, whose gradient reads x; neither x nor the output has a
   * border.
   */
  public static Tensor record(
      Graph graph, String label, Tensor x, Function function, Gradient gradient) {
    Scope.check(label, x.padding().equals(Padding.NONE), "%s has a border", x);
    return record(graph, label, x, Padding.NONE, function, gradient);
  }

  /** Records a function of every element, with a border for the convolution to come. */
  static Tensor record(
      Graph graph, String label, Tensor x, Padding border, Function function, Gradient gradient) {
    return graph.record(
        new UnaryOperation(
            label,
            x,
            null,
            x,
            out(label, x, border),
            (in, constant, to) -> function.call(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                gradient.call(saved, gradOut, gradX, accumulate)));
  }

  /** The output of an operation on x: it needs a gradient where x does. */
  static Tensor out(String label, Tensor x, Block shape) {
    return Tensor.of(label, shape, x.needsGradient());
  }

  /** Such an output with x's pixels, within a border. */
  static Tensor out(String label, Tensor x, Padding border) {
    return out(label, x, Tensor.shape(x.n(), x.h(), x.w(), x.c(), border));
  }

  @Override
  public void forward(Steps steps) {
    steps.add(label, at -> forward.call(at.block(x), at.of(constant), at.block(out)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    Gradients.Target to = gradients.target(x);
    steps.add(
        label + " gradient",
        at ->
            backward.call(
                saved == null ? null : at.block(saved),
                at.of(constant),
                at.block(gradOut),
                at.block(to.gradient()),
                to.accumulate()));
  }
}
