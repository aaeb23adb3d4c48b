package io.github.tornadodiffusion.nn.training;

/**
 * What an update is made with.
 *
 * @param optimizer of the class that the training was recorded for, with this step's
 *     hyper-parameters
 * @param step counts updates from 1
 * @param maxGradNorm to which the norm of all gradients is clipped; 0 or less: no clipping
 * @param emaDecay ignored without EMA
 */
public record Update(Optimizer optimizer, int step, float maxGradNorm, float emaDecay) {
  /** Without clipping and EMA. */
  public Update(Optimizer optimizer, int step) {
    this(optimizer, step, 0, 0);
  }
}
