package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;

/**
 * The coefficients of the variational bound at a timestep, for a model that predicts its variance
 * between that of the posterior and beta (Nichol and Dhariwal 2021, equations 10, 11 and 15); the
 * components are those of {@link io.github.tornadodiffusion.kernels.ops.loss.VariationalBound}, in
 * units of the standard deviation of the posterior.
 *
 * @param range logarithm of beta minus that of the posterior's variance
 * @param scale the factor from an error of the prediction to the error of the mean
 * @param halfBin half the distance between neighbouring 8-bit values at timestep 0, whose term is
 *     the likelihood of the image; 0 at all others
 */
public record BoundTerm(double range, double scale, double halfBin) {
  /** Lambda of the hybrid objective L_simple + lambda * L_vlb, where L_vlb is the whole bound. */
  static final double WEIGHT = 0.001;

  /** The term of a timestep. */
  public static BoundTerm at(NoiseSchedule schedule, PredictionType prediction, int timestep) {
    double least = schedule.boundVariance(timestep);
    double beta = Math.max(schedule.beta(timestep), NoiseSchedule.LEAST_VARIANCE);
    double deviation = Math.sqrt(least);
    double error = originalError(prediction, schedule.signal(timestep), schedule.sigma(timestep));
    return new BoundTerm(
        Math.log(beta / least),
        schedule.originalShare(timestep) * error / deviation,
        timestep == 0 ? 1 / 255.0 / deviation : 0);
  }

  /** The error of the predicted x_0 for an error of 1 of the prediction. */
  private static double originalError(PredictionType prediction, double signal, double sigma) {
    return switch (prediction) {
      // Pure noise says nothing about x_0, so only the variance matters.
      case EPSILON -> signal == 0 ? 0 : sigma / signal;
      case SAMPLE -> -1;
      case V_PREDICTION, FLOW_PREDICTION -> sigma;
    };
  }
}
