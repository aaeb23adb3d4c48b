package io.github.tornadodiffusion.diffusion.schedulers.noise;

import io.github.tornadodiffusion.nn.io.Ids;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** What the model predicts, given x_t = signal * x_0 + sigma * noise. */
public enum PredictionType {
  /** The noise (Ho et al. 2020). */
  EPSILON,
  /** The clean sample x_0. */
  SAMPLE,
  /** v = signal * noise - sigma * x_0 (Salimans and Ho 2022). */
  V_PREDICTION,
  /**
   * noise - x_0, where signal + sigma = 1 (Lipman et al. 2023); of solvers with {@code
   * use_flow_sigmas} alone.
   */
  FLOW_PREDICTION;

  /**
   * Replaces a signal of zero where a prediction of the noise is divided by it: pure noise says
   * nothing about x_0, but the sample has to remain finite. Far below the signal of any schedule
   * that keeps some.
   */
  static final double LEAST_SIGNAL = 0x1p-24;

  /** Those of models whose forward process preserves the variance, which are trained here. */
  public static final Set<PredictionType> PRESERVING =
      Collections.unmodifiableSet(EnumSet.range(EPSILON, V_PREDICTION));

  private static final String KEY = "prediction_type";

  /** The name in a configuration file, for instance {@code v_prediction}. */
  public String id() {
    return Ids.id(this);
  }

  /**
   * The type with the given name, where the variance is preserved.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static PredictionType of(String id) {
    PredictionType type = ofFlow(id);
    if (!PRESERVING.contains(type)) {
      throw new IllegalArgumentException(
          "%s %s is for solvers with use_flow_sigmas: set that, or choose one of %s"
              .formatted(
                  KEY,
                  id,
                  PRESERVING.stream().map(PredictionType::id).collect(Collectors.joining(", "))));
    }
    return type;
  }

  /**
   * The type with the given name, where the levels are those of flows.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static PredictionType ofFlow(String id) {
    return Ids.parse(PredictionType.class, KEY, id);
  }

  /**
   * The weight of the noise in the target of training: target = {@code targetNoise} * noise +
   * {@link #targetSample} * x_0.
   *
   * @param signal sqrt(alphasCumprod) of the timestep
   */
  public double targetNoise(double signal) {
    return switch (this) {
      case EPSILON -> 1;
      case SAMPLE -> 0;
      case V_PREDICTION -> signal;
      case FLOW_PREDICTION -> 1;
    };
  }

  /**
   * The weight of the clean sample in the target of training; see {@link #targetNoise}.
   *
   * @param sigma sqrt(1 - alphasCumprod) of the timestep
   */
  public double targetSample(double sigma) {
    return switch (this) {
      case EPSILON -> 0;
      case SAMPLE -> 1;
      case V_PREDICTION -> -sigma;
      case FLOW_PREDICTION -> -1;
    };
  }

  /**
   * The weight of the sample in the x_0 that a prediction implies: x_0 = {@code originalSample} *
   * sample + {@link #originalOutput} * output. A signal of zero is replaced by a small one, so that
   * the result remains finite.
   *
   * @param signal sqrt(alphasCumprod) of the timestep
   */
  public double originalSample(double signal) {
    return switch (this) {
      case EPSILON -> 1 / Math.max(signal, LEAST_SIGNAL);
      case SAMPLE -> 0;
      case V_PREDICTION -> signal;
      case FLOW_PREDICTION -> 1;
    };
  }

  /**
   * The weight of the model's output in the x_0 that a prediction implies; see {@link
   * #originalSample}.
   *
   * @param signal sqrt(alphasCumprod) of the timestep
   * @param sigma sqrt(1 - alphasCumprod) of the timestep
   */
  public double originalOutput(double signal, double sigma) {
    return switch (this) {
      case EPSILON -> -sigma / Math.max(signal, LEAST_SIGNAL);
      case SAMPLE -> 1;
      case V_PREDICTION, FLOW_PREDICTION -> -sigma;
    };
  }
}
