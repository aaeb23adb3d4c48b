package io.github.tornadodiffusion.diffusion.schedulers.config;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The equation that the DPM-Solver family solves, by diffusers' names. */
public enum SolverAlgorithm {
  /** The ODE of the predicted noise (Lu et al. 2022, DPM-Solver). */
  DPMSOLVER("dpmsolver"),
  /** The ODE of the predicted x_0 (Lu et al. 2022, DPM-Solver++). */
  DPMSOLVER_PLUS_PLUS("dpmsolver++"),
  /** The SDE of the predicted noise. */
  SDE_DPMSOLVER("sde-dpmsolver"),
  /** The SDE of the predicted x_0. */
  SDE_DPMSOLVER_PLUS_PLUS("sde-dpmsolver++");

  private final String id;

  SolverAlgorithm(String id) {
    this.id = id;
  }

  /** The name in a configuration file. */
  public String id() {
    return id;
  }

  /**
   * The algorithm with the given name; {@code deis} of a configuration of that class is {@code
   * dpmsolver++}, as in diffusers.
   *
   * @param allowed those that the class knows
   * @throws IllegalArgumentException if there is none
   */
  public static SolverAlgorithm of(String id, SolverAlgorithm... allowed) {
    if (id.equals("deis")) {
      return DPMSOLVER_PLUS_PLUS;
    }
    return Arrays.stream(allowed)
        .filter(algorithm -> algorithm.id.equals(id))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "Unknown algorithm_type '%s': choose one of %s"
                    .formatted(
                        id,
                        Arrays.stream(allowed)
                            .map(SolverAlgorithm::id)
                            .collect(Collectors.joining(", ")))));
  }

  /** Whether the predicted noise is interpolated between calls, or else x_0. */
  public boolean predictsNoise() {
    return this == DPMSOLVER || this == SDE_DPMSOLVER;
  }

  /** Whether steps add noise. */
  public boolean stochastic() {
    return this == SDE_DPMSOLVER || this == SDE_DPMSOLVER_PLUS_PLUS;
  }
}
