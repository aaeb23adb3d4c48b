package io.github.tornadodiffusion.diffusion.schedulers.solvers;

import io.github.tornadodiffusion.diffusion.schedulers.config.FlowShift;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.config.TimestepSpacing;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.schedulers.noise.Sigmas;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Arrays;
import java.util.Map;

/**
 * The levels of flows for solvers, diffusers' {@code use_flow_sigmas}: sample = (1 - sigma) * x_0 +
 * sigma * noise, and the model is told sigma * T without its fraction, as diffusers 0.40 does.
 *
 * @param trainTimesteps T
 */
public record FlowSigmas(int trainTimesteps, FlowShift shift) {
  /** The key that asks for them. */
  public static final String KEY = SchedulerConfig.USE_FLOW_SIGMAS;

  private static final String SHIFT = "flow_shift";

  /** diffusers' distance of the first level of UniPC from noise alone. */
  private static final double FROM_NOISE = 1e-6;

  /**
   * Reads the keys; null without them.
   *
   * @param spread how the levels lie otherwise
   * @param ofNoise whether the solver interpolates the predicted noise
   * @throws IllegalArgumentException in one line if other keys do not go with them
   */
  public static FlowSigmas read(
      JsonFields fields, SchedulerConfig config, Sigmas spread, boolean ofNoise) {
    if (!fields.bool(KEY, false)) {
      return null;
    }
    if (spread != Sigmas.TIMESTEPS) {
      throw new IllegalArgumentException(
          "%s and %s are both true, and levels of flows are below 1: choose one"
              .formatted(KEY, spread.key()));
    }
    if (config.predictionType() == PredictionType.V_PREDICTION) {
      throw new IllegalArgumentException(
          "prediction_type v_prediction is for levels whose signal and noise have squares that add"
              + " up"
              + " to 1: choose flow_prediction, or make %s false".formatted(KEY));
    }
    if (ofNoise && config.predictionType() == PredictionType.FLOW_PREDICTION) {
      throw new IllegalArgumentException(
          "prediction_type flow_prediction is for solvers of x_0: choose algorithm_type dpmsolver++"
              + " or predict_x0 true");
    }
    return new FlowSigmas(config.numTrainTimesteps(), FlowShift.read(fields, SHIFT));
  }

  /** Writes the keys. */
  public void write(Map<String, Object> fields) {
    fields.put(KEY, true);
    shift.write(fields, SHIFT);
  }

  /**
   * The levels of DPM-Solver and DEIS, which begin just below noise alone.
   *
   * @param mu of dynamic shifting; null for the shift of the configuration
   * @param last the level after the last step; null for that before it
   * @throws IllegalArgumentException if that number of steps is not possible
   */
  public SolverLevels belowNoise(int steps, Double mu, Double last) {
    double factor = mu == null ? shift.shift() : shift.factor(mu);
    double[] even = even(steps);
    double[] sigmas = new double[steps];
    Arrays.setAll(sigmas, i -> FlowShift.shifted(1 - even[steps - i], factor));
    return levels(sigmas, last);
  }

  /** The levels of UniPC, likewise, which begin at noise alone. */
  public SolverLevels fromNoise(int steps, Double mu, Double last) {
    double factor = shift.factor(mu);
    double[] even = Arrays.copyOf(even(steps), steps);
    double[] sigmas =
        shift.stretched(
            Arrays.stream(even).map(sigma -> FlowShift.shifted(sigma, factor)).toArray());
    if (Math.abs(sigmas[0] - 1) < FROM_NOISE) {
      sigmas[0] -= FROM_NOISE;
    }
    // No level is above the first, however far they are shifted.
    return levels(Arrays.stream(sigmas).map(s -> Math.min(s, sigmas[0])).toArray(), last);
  }

  /** From 1 to 1 / T, in numpy's order of operations, so that no timestep is cut off otherwise. */
  private double[] even(int steps) {
    TimestepSpacing.checkSteps(trainTimesteps, steps);
    double least = 1.0 / trainTimesteps;
    double[] even = new double[steps + 1];
    Arrays.setAll(even, i -> i == steps ? least : i * ((least - 1) / steps) + 1);
    return even;
  }

  /**
   * Levels of flows as those of a solver.
   *
   * @param sigmas falling, below 1
   * @param last the level after the last step; null for that before it
   */
  public SolverLevels levels(double[] sigmas, Double last) {
    double[] timesteps =
        Arrays.stream(sigmas).map(sigma -> Math.floor(sigma * trainTimesteps)).toArray();
    double[] ratios = Arrays.copyOf(sigmas, sigmas.length + 1);
    ratios[sigmas.length] = last == null ? sigmas[sigmas.length - 1] : last;
    return new SolverLevels(timesteps, SolverLevels.ratiosOfFlow(ratios), true);
  }
}
