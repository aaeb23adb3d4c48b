package io.github.tornadodiffusion.diffusion.schedulers.config;

import io.github.tornadodiffusion.nn.io.Ids;
import java.util.Set;

/** How DPM-Solver weighs the change of the prediction over a step, by diffusers' names. */
public enum SolverType {
  /** By its value at the middle of the step. */
  MIDPOINT,
  /** By the integral of a line. */
  HEUN;

  /** The types of related classes, which mean {@link #MIDPOINT}, as in diffusers. */
  private static final Set<String> RELATED = Set.of("logrho", "bh1", "bh2");

  /**
   * The type with the given name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static SolverType of(String id) {
    return RELATED.contains(id) ? MIDPOINT : Ids.parse(SolverType.class, "solver_type", id);
  }
}
