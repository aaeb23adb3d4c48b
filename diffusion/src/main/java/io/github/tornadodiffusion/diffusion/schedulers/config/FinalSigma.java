package io.github.tornadodiffusion.diffusion.schedulers.config;

import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;

/** The noise that remains after the last step, diffusers' {@code final_sigmas_type}. */
public enum FinalSigma {
  /** None. */
  ZERO,
  /** That of timestep 0. */
  SIGMA_MIN;

  /** The key of the configuration. */
  public static final String KEY = "final_sigmas_type";

  /**
   * Reads the key; without it there is no noise.
   *
   * @throws IllegalArgumentException if there is no such type, or the algorithm divides by the
   *     noise
   */
  public static FinalSigma read(JsonFields fields, SolverAlgorithm algorithm) {
    FinalSigma type = Ids.parse(FinalSigma.class, KEY, fields.string(KEY, Ids.id(ZERO)));
    if (type == ZERO && algorithm.predictsNoise()) {
      throw new IllegalArgumentException(
          "%s zero does not go with algorithm_type %s: choose sigma_min"
              .formatted(KEY, algorithm.id()));
    }
    return type;
  }
}
