package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SolverAlgorithm;
import org.apache.commons.math3.util.CombinatoricsUtils;

/**
 * A step of an exponential integrator from one noise level to another (Lu et al. 2022, DPM-Solver,
 * equation 3.6, and DPM-Solver++, equation 9). With D_k the k-th derivative of the prediction by
 * lambda = log(signal / sigma), times the k-th power of the step in lambda, it is
 *
 * <pre>
 * x_t = sampleWeight * x_s + first * D_0 + phi(2) * D_1 + phi(3) * D_2 .. + noiseWeight * noise
 * </pre>
 *
 * <p>Levels are given as sigma of the variance exploding view, the noise over the signal.
 *
 * @param scale the signal after the step if x_0 is predicted, otherwise the noise
 * @param z the step in lambda, with the sign and factor that the algorithm has in its exponents
 */
public record ExponentialStep(double sampleWeight, double scale, double z, double noiseWeight) {
  /**
   * The step of an algorithm.
   *
   * @param first the level before the step, above 0
   * @param last the level after it, at most as high; 0 if x_0 is predicted, with {@link #first}
   *     alone
   */
  public static ExponentialStep of(
      SolverAlgorithm algorithm, SolverLevels levels, int first, int last) {
    double from = levels.sigmas()[first];
    double to = levels.sigmas()[last];
    double h = Math.log(from / to);
    double signal = levels.signal(last);
    double signalRatio = signal / levels.signal(first);
    double sigma = to * signal;
    double sigmaRatio = sigma / (from * levels.signal(first));
    return switch (algorithm) {
      case DPMSOLVER -> new ExponentialStep(signalRatio, sigma, h, 0);
      case DPMSOLVER_PLUS_PLUS -> new ExponentialStep(sigmaRatio, signal, -h, 0);
      case SDE_DPMSOLVER ->
          new ExponentialStep(
              signalRatio, 2 * sigma, h, sigma * Math.sqrt(Math.max(Math.expm1(2 * h), 0)));
      case SDE_DPMSOLVER_PLUS_PLUS ->
          new ExponentialStep(
              sigmaRatio * Math.exp(-h),
              signal,
              -2 * h,
              sigma * Math.sqrt(Math.max(-Math.expm1(-2 * h), 0)));
    };
  }

  /** The weight of the prediction. */
  public double first() {
    return -scale * Math.expm1(z);
  }

  /**
   * The weight of the derivative k - 1 of the prediction, times the step's power.
   *
   * @param k at least 2
   */
  public double phi(int k) {
    return -scale * z * phi(k, z);
  }

  /**
   * The weight of the second derivative, times the step's power squared: phi(3), from which
   * diffusers, for the SDE of x_0, subtracts the half that the equation adds.
   */
  public double second() {
    return noiseWeight > 0 ? phi(3) - scale : phi(3);
  }

  /** phi_k(z) = (phi_(k-1)(z) - 1 / (k-1)!) / z, with phi_0 the exponential. */
  private static double phi(int k, double z) {
    if (Math.abs(z) > 1) {
      double phi = Math.expm1(z) / z;
      for (int i = 1; i < k; i++) {
        phi = (phi - 1 / CombinatoricsUtils.factorialDouble(i)) / z;
      }
      return phi;
    }
    // For a short step the recursion would cancel all digits.
    double term = 1 / CombinatoricsUtils.factorialDouble(k);
    double sum = 0;
    for (int i = k + 1; Math.abs(term) > 1e-20; i++) {
      sum += term;
      term *= z / i;
    }
    return sum;
  }
}
