package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerCalls;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import java.util.List;

/**
 * AdamW (Loshchilov and Hutter 2019), with the hyper-parameters of torch.optim.AdamW.
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root of the second moment
 * @param weightDecay decoupled
 */
public record AdamW(float learningRate, float beta1, float beta2, float epsilon, float weightDecay)
    implements Optimizer {
  /** The running mean of the gradients. */
  public static final String FIRST_MOMENTS = "exp_avg";

  /** The running mean of the squared gradients. */
  public static final String SECOND_MOMENTS = "exp_avg_sq";

  /** PyTorch's defaults. */
  public AdamW(float learningRate) {
    this(learningRate, 0.9f, 0.999f, 1e-8f, 1e-2f);
  }

  @Override
  public List<String> state() {
    return List.of(FIRST_MOMENTS, SECOND_MOMENTS);
  }

  @Override
  public void record(
      Steps steps, Stored parameters, Stored gradients, List<Buffer> state, Buffer block) {
    Buffer first = state.getFirst();
    Buffer second = state.getLast();
    steps.add(
        "AdamW",
        at ->
            OptimizerCalls.adamW(
                at.of(parameters),
                at.of(gradients),
                at.of(first),
                at.of(second),
                parameters.floats(),
                at.of(block)));
  }

  @Override
  public void pack(int step, float[] block) {
    float[] own =
        OptimizerCalls.hyper(learningRate, beta1, beta2, epsilon, weightDecay, step, 0, 0);
    System.arraycopy(own, 0, block, 0, UpdateBlock.OPTIMIZER_PLACES);
  }
}
