package io.github.tornadodiffusion.kernels;

/** A sum in double precision that knows how large its terms were. */
public final class Terms {
  private double value;
  private double squares;

  /** Adds a term. */
  public void add(double term) {
    value += term;
    squares += term * term;
  }

  /** The sum. */
  public double value() {
    return value;
  }

  /**
   * What an error of the sum is measured against: its absolute value or, if the terms cancel, the
   * root of the sum of their squares, which is the size to be expected if their signs were random.
   * Some sums cancel by nature, such as the gradient of the bias of attention's keys: only rounding
   * errors remain of them.
   */
  public double scale() {
    return Math.max(Math.abs(value), Math.sqrt(squares));
  }
}
