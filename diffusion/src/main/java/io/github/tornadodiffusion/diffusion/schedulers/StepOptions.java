package io.github.tornadodiffusion.diffusion.schedulers;

/**
 * What a caller chooses for DDIM steps; DDPM has no such choices and ignores them.
 *
 * @param eta the share of DDPM's noise that a step adds, 0 (none) to 1 (Song et al. 2021, equation
 *     16)
 * @param useClippedModelOutput whether the noise is derived anew from the clipped x_0 (Glide)
 */
public record StepOptions(double eta, boolean useClippedModelOutput) {
  /** diffusers' defaults: no noise. */
  public static final StepOptions DEFAULTS = new StepOptions(0, false);

  public StepOptions {
    if (!(eta >= 0 && eta <= 1)) {
      throw new IllegalArgumentException("eta is " + eta + ": it must be from 0 to 1");
    }
  }
}
