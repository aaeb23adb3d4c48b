package io.github.tornadodiffusion.kernels;

/** The fit that {@link Lanes#erfc} is made of, for kernels that want it one float at a time. */
public final class ErrorFunction {
  private ErrorFunction() {}

  /**
   * The polynomial p(t) with erfc(v) = t exp(p(t) - v^2) and t = 1 / (1 + v / 2), for v at least 0,
   * to a relative error of 1.2e-7.
   *
   * @see <a href="https://numerical.recipes">Numerical Recipes</a>, section 6.2, erfcc
   */
  public static float exponent(float t) {
    float p = 0.17087277f;
    p = p * t - 0.82215223f;
    p = p * t + 1.48851587f;
    p = p * t - 1.13520398f;
    p = p * t + 0.27886807f;
    p = p * t - 0.18628806f;
    p = p * t + 0.09678418f;
    p = p * t + 0.37409196f;
    p = p * t + 1.00002368f;
    return p * t - 1.26551223f;
  }
}
