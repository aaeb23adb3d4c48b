package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerCalls;

/** The block of numbers that the kernels of an update read; clipping writes some of them. */
public final class UpdateBlock {
  /** How many places, from the first one on, belong to the optimizer. */
  public static final int OPTIMIZER_PLACES = OptimizerCalls.EMA_DECAY;

  /** What the optimizer multiplies gradients by; written by clipping. */
  public static final int GRAD_SCALE = OptimizerCalls.GRAD_SCALE;

  /** Floats of the block. */
  static final int SIZE = OptimizerCalls.HYPER_SIZE;

  private UpdateBlock() {}

  /** The block of an update. */
  static float[] of(OptimizerStep update) {
    float[] block = new float[SIZE];
    update.optimizer().pack(update.step(), block);
    block[OptimizerCalls.EMA_DECAY] = update.emaDecay();
    block[OptimizerCalls.MAX_GRAD_NORM] = update.maxGradNorm();
    block[GRAD_SCALE] = 1;
    return block;
  }

  /** The norm of all gradients before clipping. */
  static float gradNorm(float[] block) {
    return block[OptimizerCalls.GRAD_NORM];
  }
}
