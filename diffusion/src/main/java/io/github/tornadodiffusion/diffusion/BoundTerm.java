package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.PredictionType;

/**
 * What a timestep's term of the variational bound depends on, for a model that predicts its
 * variance between that of the posterior and beta (Nichol and Dhariwal 2021, equations 10, 11 and
 * 15); the components are those of {@link io.github.tornadodiffusion.kernels.VariationalBound},
 * measured against the deviation of the posterior.
 *
 * @param range logarithm of beta minus that of the posterior's variance
 * @param scale what an error of the prediction makes of the mean
 * @param halfBin half the distance of neighbouring 8-bit values at timestep 0, whose term is the
 *     likelihood of the image; 0 at all others
 */
record BoundTerm(double range, double scale, double halfBin) {
  /** Lambda of the hybrid objective L_simple + lambda * L_vlb, where L_vlb is the whole bound. */
  static final double WEIGHT = 0.001;

  /** The term of a timestep. */
  static BoundTerm at(NoiseSchedule schedule, PredictionType prediction, int timestep) {
    // The posterior of timestep 0 has no variance; as in the paper's code, that of 1 stands for it.
    int other = timestep == 0 && schedule.timesteps() > 1 ? 1 : timestep;
    double least = Math.max(posteriorVariance(schedule, other), DDPMScheduler.LEAST_VARIANCE);
    double beta = Math.max(schedule.beta(timestep), DDPMScheduler.LEAST_VARIANCE);
    double deviation = Math.sqrt(least);
    double alphaCumprod = schedule.alphaCumprod(timestep);
    // Of x_0 in the posterior's mean; without any noise in x_t that mean is x_0 itself.
    double originalShare =
        alphaCumprod == 1
            ? 1
            : Math.sqrt(before(schedule, timestep)) * schedule.beta(timestep) / (1 - alphaCumprod);
    double error = originalError(prediction, schedule.signal(timestep), schedule.sigma(timestep));
    return new BoundTerm(
        Math.log(beta / least),
        originalShare * error / deviation,
        timestep == 0 ? 1 / 255.0 / deviation : 0);
  }

  private static double before(NoiseSchedule schedule, int timestep) {
    return timestep == 0 ? 1 : schedule.alphaCumprod(timestep - 1);
  }

  /** Beta itself at a timestep 0 that is the only one. */
  private static double posteriorVariance(NoiseSchedule schedule, int timestep) {
    double beta = schedule.beta(timestep);
    return timestep == 0 || beta == 0
        ? beta
        : beta * (1 - before(schedule, timestep)) / (1 - schedule.alphaCumprod(timestep));
  }

  /** x_0 minus what the prediction says of it, for an error of 1 of the prediction. */
  private static double originalError(PredictionType prediction, double signal, double sigma) {
    return switch (prediction) {
      // Noise alone says nothing about x_0: then only the variance counts.
      case EPSILON -> signal == 0 ? 0 : sigma / signal;
      case SAMPLE -> -1;
      case V_PREDICTION -> sigma;
    };
  }
}
