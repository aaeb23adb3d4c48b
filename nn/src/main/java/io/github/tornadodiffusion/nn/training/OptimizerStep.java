package io.github.tornadodiffusion.nn.training;

/**
 * The hyper-parameters of one update.
 *
 * @param optimizer of the class that the training was recorded for, with this step's
 *     hyper-parameters
 * @param step counts updates from 1
 * @param maxGradNorm limit of the norm of all gradients; 0 or less for no clipping
 * @param emaDecay ignored without EMA
 */
public record OptimizerStep(Optimizer optimizer, int step, float maxGradNorm, float emaDecay) {
  /** Without clipping and EMA. */
  public OptimizerStep(Optimizer optimizer, int step) {
    this(optimizer, step, 0, 0);
  }
}
