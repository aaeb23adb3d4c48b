package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.function.IntUnaryOperator;

/** The orders of the steps of a solver. */
public final class SolverOrders {
  /** Samplings with fewer steps end with lower orders. */
  public static final int FEW_STEPS = 15;

  private SolverOrders() {}

  /**
   * Reads diffusers' key {@code solver_order}; without it the order is 2.
   *
   * @param most the highest that the class knows
   * @throws IllegalArgumentException if it is not in 1..most
   */
  public static int read(JsonFields fields, int most) {
    int order = fields.integer("solver_order", 2);
    if (order < 1 || order > most) {
      throw new IllegalArgumentException(
          "solver_order is %d: it must be from 1 to %d".formatted(order, most));
    }
    return order;
  }

  /**
   * The same order everywhere except at the end, where high orders are unstable if there are few
   * steps.
   *
   * @param calls how many
   * @param firstAtEnd whether the last call has order 1
   * @param secondBefore whether the last but one has at most order 2
   */
  public static IntUnaryOperator fallingAtEnd(
      int order, int calls, boolean firstAtEnd, boolean secondBefore) {
    return call -> {
      if (call == calls - 1 && firstAtEnd) {
        return 1;
      }
      return call == calls - 2 && secondBefore ? Math.min(order, 2) : order;
    };
  }
}
