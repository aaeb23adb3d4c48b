package io.github.tornadodiffusion.diffusion.schedulers.noise;

import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.util.List;

/**
 * The variances beta_0 .. beta_(T-1) of the forward process, in double precision (diffusers
 * computes them in single precision). The constants are those of diffusers, under its names. Any
 * other class with a public constructor without arguments can be used under its own name.
 */
// DiffusersBetas is only used through this interface, so no thread can initialise it first.
@SuppressWarnings("ClassInitializationDeadlock")
@FunctionalInterface
public interface BetaSchedule {
  /** From betaStart to betaEnd in even steps (Ho et al. 2020). */
  BetaSchedule LINEAR = DiffusersBetas.LINEAR;

  /** The square of even steps between the roots (Rombach et al. 2022). */
  BetaSchedule SCALED_LINEAR = DiffusersBetas.SCALED_LINEAR;

  /** From a squared cosine of alphasCumprod (Nichol and Dhariwal 2021, equation 17). */
  BetaSchedule SQUAREDCOS_CAP_V2 = DiffusersBetas.SQUAREDCOS_CAP_V2;

  /** A logistic curve over [-6, 6] between betaStart and betaEnd (Xu et al. 2022, GeoDiff). */
  BetaSchedule SIGMOID = DiffusersBetas.SIGMOID;

  /** From alphasCumprod = exp(-12 t / T). */
  BetaSchedule EXP = DiffusersBetas.EXP;

  /**
   * From alphasCumprod = sqrt(SNR / (1 + SNR)), the SNR by a Laplace distribution of its logarithm
   * (Hang et al. 2024), as DDPMScheduler of diffusers 0.40 has it.
   */
  BetaSchedule LAPLACE = DiffusersBetas.LAPLACE;

  /**
   * The variances, each from 0 to below 1; only the last may be 1.
   *
   * @param trainTimesteps T, the number of variances
   * @param betaStart the first value; {@link #SQUAREDCOS_CAP_V2}, {@link #EXP} and {@link #LAPLACE}
   *     ignore it, and others may
   * @param betaEnd the last value; likewise
   */
  double[] betas(int trainTimesteps, double betaStart, double betaEnd);

  /** The name by which {@link #of} finds it: diffusers', such as {@code linear}, or the class's. */
  default String id() {
    return getClass().getName();
  }

  /** Whether diffusers knows the schedule; it reads the values of others as trained_betas. */
  default boolean isKnownToDiffusers() {
    return this instanceof DiffusersBetas;
  }

  /** Those that diffusers knows. */
  static List<BetaSchedule> values() {
    return List.of(DiffusersBetas.values());
  }

  /**
   * The schedule of a name.
   *
   * @param id diffusers' name, or that of a class on the class path or in a plug-in, see {@link
   *     Plugins}
   * @throws IllegalArgumentException in one line if there is none
   */
  static BetaSchedule of(String id) {
    return values().stream()
        .filter(schedule -> schedule.id().equals(id))
        .findFirst()
        .or(() -> Plugins.create(BetaSchedule.class, id))
        .orElseThrow(() -> Ids.unknown("beta_schedule", id, DiffusersBetas.class));
  }

  /**
   * Shifts and scales sqrt(alphasCumprod) so that its last value is zero and its first is kept (Lin
   * et al. 2023, algorithm 1).
   *
   * @throws IllegalArgumentException if there are fewer than two values
   */
  static double[] rescaleZeroTerminalSnr(double[] betas) {
    int count = betas.length;
    if (count < 2) {
      throw new IllegalArgumentException(
          "rescale_betas_zero_snr needs at least 2 timesteps: raise num_train_timesteps");
    }
    double[] roots = new double[count];
    double product = 1;
    for (int t = 0; t < count; t++) {
      product *= 1 - betas[t];
      roots[t] = Math.sqrt(product);
    }
    double first = roots[0];
    double last = roots[count - 1];
    double[] rescaled = new double[count];
    double previous = 1;
    for (int t = 0; t < count; t++) {
      double root = (roots[t] - last) * (first / (first - last));
      double alphaCumprod = root * root;
      rescaled[t] = 1 - alphaCumprod / previous;
      previous = alphaCumprod;
    }
    return rescaled;
  }
}
