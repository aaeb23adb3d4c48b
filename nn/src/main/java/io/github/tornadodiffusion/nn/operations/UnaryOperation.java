package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * An operation with one input and one launch each way.
 *
 * @param constant what both launches read besides, or null
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
    Call call(Block x, int constant, Block out);
  }

  /** Makes the backward launch; {@code saved} is null where nothing was saved. */
  public interface Backward {
    Call call(Block saved, int constant, Block gradOut, Block gradX, boolean accumulate);
  }

  @Override
  public void forward(Schedule schedule) {
    schedule.add(
        label, at -> forward.call(at.block(x), at.of(constant), at.block(out)), x, constant, out);
  }

  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    if (!x.needsGradient()) {
      return;
    }
    Gradients.Target to = gradients.target(x);
    schedule.add(
        label + " gradient",
        at ->
            backward.call(
                saved == null ? null : at.block(saved),
                at.of(constant),
                at.block(gradOut),
                at.block(to.gradient()),
                to.accumulate()),
        saved,
        constant,
        gradOut,
        to.gradient());
  }
}
