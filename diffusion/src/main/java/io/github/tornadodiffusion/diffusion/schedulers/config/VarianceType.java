package io.github.tornadodiffusion.diffusion.schedulers.config;

import io.github.tornadodiffusion.nn.io.Ids;

/** The variance of the noise that a DDPM step adds, by diffusers' names. */
public enum VarianceType {
  /** The variance of the posterior q(x_prev | x_t, x_0). */
  FIXED_SMALL,
  /** The same, computed from its logarithm. */
  FIXED_SMALL_LOG,
  /** The variance of the forward step, beta. */
  FIXED_LARGE,
  /** The same, computed from its logarithm. */
  FIXED_LARGE_LOG,
  /** The second half of the model's channels, as a variance. */
  LEARNED,
  /**
   * The second half of the model's channels, in [-1, 1], interpolates the logarithm of the variance
   * between the two fixed ones (Nichol and Dhariwal 2021, equation 15).
   */
  LEARNED_RANGE;

  /** The name in a configuration file, for instance {@code fixed_small}. */
  public String id() {
    return Ids.id(this);
  }

  /**
   * The type with the given name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static VarianceType of(String id) {
    return Ids.parse(VarianceType.class, "variance_type", id);
  }

  /** Whether the second half of the model's channels predicts the variance. */
  public boolean learned() {
    return this == LEARNED || this == LEARNED_RANGE;
  }
}
