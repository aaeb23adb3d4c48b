package io.github.tornadodiffusion.diffusion.training;

/** A training whose loss or gradients are no longer numbers. */
public final class DivergenceException extends IllegalStateException {
  private final int step;

  DivergenceException(int step, double loss, double gradNorm) {
    super("The loss is %s and the gradient's norm %s at step %d".formatted(loss, gradNorm, step));
    this.step = step;
  }

  /** The first step whose loss or gradients are not numbers, counted from 1. */
  public int step() {
    return step;
  }
}
