package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Diffused;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The noise levels that a solver goes through, as sigma of the variance exploding view: the ratio
 * of noise to signal.
 *
 * @param timesteps of the calls of the model
 * @param sigmas at these timesteps, falling, and at the end
 * @param flow whether signal and noise of a sample add up to 1, or else their squares
 */
@SuppressWarnings("ArrayRecordComponent") // local to a scheduler, never compared
public record SolverLevels(double[] timesteps, double[] sigmas, boolean flow) {
  /** diffusers' defaults of solvers. */
  public static final SchedulerConfig DEFAULTS = SigmaSteps.defaults(0.0001, 0.02);

  /** The keys of a configuration that all solvers know. */
  public static final Set<String> KEYS =
      SchedulerConfig.commonKeysAnd(
          "thresholding", "dynamic_thresholding_ratio", "sample_max_value", FlowSigmas.KEY);

  /** And those of solvers whose betas can be rescaled. */
  public static final Set<String> RESCALING_KEYS =
      Stream.concat(KEYS.stream(), Stream.of("rescale_betas_zero_snr"))
          .collect(Collectors.toUnmodifiableSet());

  /** Replaces a noise of zero in a training timestep, so that lambda is finite. */
  private static final double LEAST_SIGMA = 1e-10;

  /**
   * Replaces all levels without a signal: just below the bound of {@link Sigmas#ofTimesteps}, so
   * that they are equal, because differences in their last digits would divide by nearly zero.
   */
  private static final double MOST_SIGMA = 0x1p24 - 1;

  /** With a terminal signal-to-noise ratio of zero, diffusers uses an alphaCumprod of 2^-24. */
  private static final double MOST_RESCALED_SIGMA = Math.sqrt(0x1p24 - 1);

  /** The level of every training timestep, from timestep 0 on; between 1e-10 and 2^24. */
  public static double[] table(SchedulerConfig config, NoiseSchedule schedule) {
    double most = config.rescaleBetasZeroSnr() ? MOST_RESCALED_SIGMA : MOST_SIGMA;
    return Arrays.stream(Sigmas.ofTimesteps(schedule))
        .map(sigma -> Math.clamp(sigma, LEAST_SIGMA, most))
        .toArray();
  }

  /**
   * How many of the training timesteps, the lowest, have at least the given lambda.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static int kept(double[] table, double lambdaMinClipped) {
    long kept = Arrays.stream(table).filter(sigma -> -Math.log(sigma) >= lambdaMinClipped).count();
    if (kept == 0) {
      throw new IllegalArgumentException(
          "lambda_min_clipped is %s: no timestep is left, lower it".formatted(lambdaMinClipped));
    }
    return Math.toIntExact(kept);
  }

  /**
   * How levels that are not those of timesteps are spread.
   *
   * @param sigmas {@link Sigmas#TIMESTEPS} for those of timesteps
   * @param least the least level
   * @param most the most
   * @param nearest whether the model is told the timestep nearest to a level; else the one below
   */
  public record Spread(Sigmas sigmas, double least, double most, boolean nearest) {
    /**
     * Over the whole table. diffusers rounds the timesteps of Karras' levels and cuts off those of
     * the others.
     */
    public static Spread over(double[] table, Sigmas sigmas) {
      return new Spread(sigmas, table[0], table[table.length - 1], sigmas == Sigmas.KARRAS);
    }

    private double[] levels(int count) {
      return Arrays.stream(sigmas.between(least, most, count))
          .map(sigma -> Math.clamp(sigma, least, most))
          .toArray();
    }

    private double timestep(double[] table, double sigma) {
      double timestep = Sigmas.timestep(table, sigma);
      // A level of the table is that of its timestep, whatever the last digit says.
      return nearest ? Math.rint(timestep) : Math.floor(timestep + 1e-9);
    }
  }

  /**
   * The levels of a number of steps.
   *
   * @param table of all training timesteps
   * @param kept how many of the lowest of these are used if the timesteps are spaced
   * @param last the level after the last step
   * @throws IllegalArgumentException if that number of steps is not possible
   */
  public static SolverLevels of(
      SchedulerConfig config, double[] table, int kept, int steps, Spread spread, double last) {
    int[] timesteps =
        config
            .timestepSpacing()
            .intervals(config.numTrainTimesteps(), kept, steps, config.stepsOffset());
    boolean spaced = spread.sigmas() == Sigmas.TIMESTEPS;
    double[] sigmas =
        spaced
            ? Arrays.stream(timesteps).mapToDouble(timestep -> table[timestep]).toArray()
            : spread.levels(steps);
    double[] told =
        spaced
            ? Arrays.stream(timesteps).asDoubleStream().toArray()
            : Arrays.stream(sigmas).map(sigma -> spread.timestep(table, sigma)).toArray();
    double[] withLast = Arrays.copyOf(sigmas, sigmas.length + 1);
    withLast[sigmas.length] = last;
    return new SolverLevels(told, withLast, false);
  }

  /** The ratios of noise to signal at levels of flows, of which the last may be 0. */
  static double[] ratiosOfFlow(double[] sigmas) {
    return Arrays.stream(sigmas)
        .map(sigma -> sigma == 0 ? 0 : Math.clamp(sigma / (1 - sigma), LEAST_SIGMA, MOST_SIGMA))
        .toArray();
  }

  /** The signal of a level. */
  double signal(int level) {
    double sigma = sigmas[level];
    return flow ? 1 / (1 + sigma) : 1 / Math.sqrt(sigma * sigma + 1);
  }

  /** The number of calls of the model. */
  public int calls() {
    return timesteps.length;
  }

  /** The parts of the sample before a call. */
  public Diffused diffused(int call, PredictionType prediction) {
    double signal = signal(call);
    return new Diffused(prediction, signal, sigmas[call] * signal);
  }

  /** A call of the model at a level, which predicts the original. */
  public ModelCall.Builder modelCall(int call, SchedulerConfig config) {
    Diffused diffused = diffused(call, config.predictionType());
    return ModelCall.at(timesteps[call], diffused.signal(), diffused.sigma())
        .set(Update.ORIGINAL, diffused.original())
        .threshold(Update.ORIGINAL, config);
  }

  /** log(signal / sigma) of a level. */
  public double lambda(int level) {
    return -Math.log(sigmas[level]);
  }

  /**
   * How many levels, back from that of a call, a polynomial can go through: there is no slope
   * between equal levels or at an infinite lambda.
   *
   * @param first the first call of the sampler
   * @param most at least 1
   */
  public int order(int call, int first, int most) {
    int order = 1;
    if (sigmas[call + 1] == 0 || sigmas[call + 1] == sigmas[call]) {
      return order;
    }
    while (order < most
        && call - order >= first
        && sigmas[call - order] != sigmas[call - order + 1]) {
      order++;
    }
    return order;
  }
}
