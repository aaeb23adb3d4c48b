package io.github.tornadodiffusion.diffusion.schedulers.config;

import io.github.tornadodiffusion.nn.io.Ids;

/** The variance of the noise that a DDPM step adds, by diffusers' names. */
public enum VarianceType {
  /** The variance of the posterior q(x_prev | x_t, x_0). */
  FIXED_SMALL,
  /** The same by way of its logarithm. */
  FIXED_SMALL_LOG,
  /** The variance of the forward step, beta. */
  FIXED_LARGE,
  /** The same by way of its logarithm. */
  FIXED_LARGE_LOG,
  /** The model's own second half of channels, as a variance. */
  LEARNED,
  /**
   * The model's second half of channels, in [-1, 1], places the logarithm of the variance between
   * the two fixed ones (Nichol and Dhariwal 2021, equation 15).
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

  /** Whether the model has a second half of channels that predicts the variance. */
  public boolean learned() {
    return this == LEARNED || this == LEARNED_RANGE;
  }
}
