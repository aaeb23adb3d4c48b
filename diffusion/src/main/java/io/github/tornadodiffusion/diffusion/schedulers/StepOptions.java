package io.github.tornadodiffusion.diffusion.schedulers;

/**
 * Options for the steps of a sampler; every class ignores those that it does not know.
 *
 * @param eta the fraction of DDPM's noise that a DDIM step adds, 0 (none) to 1 (Song et al. 2021,
 *     equation 16)
 * @param useClippedModelOutput whether the noise of DDIM is computed again from the clipped x_0
 *     (Glide)
 * @param churn the noise that an Euler step adds beforehand
 * @param order of LMSDiscreteScheduler, 1 to 10
 * @param mu the shift of FlowMatchEulerDiscreteScheduler with {@code use_dynamic_shifting}; null
 *     for none
 */
public record StepOptions(
    double eta, boolean useClippedModelOutput, Churn churn, int order, Double mu) {
  /**
   * Karras et al. 2022, algorithm 2, by the names of its parameters.
   *
   * @param sChurn how much in all steps together; 0 for none
   * @param sTmin the lowest sigma at which it is added
   * @param sTmax the highest
   * @param sNoise the standard deviation of the noise
   */
  public record Churn(double sChurn, double sTmin, double sTmax, double sNoise) {
    /** diffusers' defaults: none. */
    public static final Churn NONE = new Churn(0, 0, Double.POSITIVE_INFINITY, 1);

    /** Checks the values. */
    public Churn {
      if (!(sChurn >= 0 && sChurn < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("s_churn is " + sChurn + ": it must be at least 0");
      }
      if (Double.isNaN(sTmin) || Double.isNaN(sTmax)) {
        throw new IllegalArgumentException(
            "s_tmin is %s and s_tmax is %s: they must be numbers".formatted(sTmin, sTmax));
      }
      if (!(sNoise >= 0 && sNoise < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("s_noise is " + sNoise + ": it must be at least 0");
      }
    }

    /** The factor by which a step raises sigma, minus 1, as in diffusers. */
    double gamma(double sigma, int steps) {
      boolean within = sTmin <= sigma && sigma <= sTmax;
      return within ? Math.min(sChurn / steps, Math.sqrt(2) - 1) : 0;
    }
  }

  /** Polynomials through more slopes oscillate without bounds. */
  private static final int MOST_ORDER = 10;

  /** diffusers' defaults: no noise, order 4. */
  public static final StepOptions DEFAULTS = new StepOptions(0, false);

  /** Checks the values. */
  public StepOptions {
    if (!(eta >= 0 && eta <= 1)) {
      throw new IllegalArgumentException("eta is " + eta + ": it must be from 0 to 1");
    }
    if (order < 1 || order > MOST_ORDER) {
      throw new IllegalArgumentException(
          "order is %d: it must be from 1 to %d".formatted(order, MOST_ORDER));
    }
  }

  /** Options for DDIM, with defaults for the others. */
  public StepOptions(double eta, boolean useClippedModelOutput) {
    this(eta, useClippedModelOutput, Churn.NONE, 4, null);
  }
}
