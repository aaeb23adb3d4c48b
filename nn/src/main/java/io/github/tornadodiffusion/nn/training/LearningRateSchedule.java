package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.io.Messages;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The learning rates of {@code diffusers.optimization.get_scheduler}. All but {@code CONSTANT} and
 * {@code PIECEWISE_CONSTANT} begin with a linear warm-up from 0.
 *
 * @param kind the curve
 * @param learningRate the optimizer's own rate, which the curve scales
 * @param warmupSteps steps of the warm-up
 * @param trainingSteps steps after which the decaying curves end
 * @param numCycles periods of {@code COSINE} (diffusers: 0.5) or restarts of {@code
 *     COSINE_WITH_RESTARTS} (diffusers: 1)
 * @param power exponent of {@code POLYNOMIAL} (diffusers: 1)
 * @param stepRules of {@code PIECEWISE_CONSTANT}, for example {@code 1:10,0.1:20,0.01}: a factor of
 *     1 before step 10, of 0.1 before step 20, then 0.01; null for the others
 */
public record LearningRateSchedule(
    Kind kind,
    double learningRate,
    int warmupSteps,
    int trainingSteps,
    double numCycles,
    double power,
    String stepRules) {

  /** Where a polynomial ends, diffusers' {@code lr_end}. */
  private static final double POLYNOMIAL_END = 1e-7;

  /** The curves, each named as diffusers' {@code SchedulerType} in lower case. */
  public enum Kind {
    /** The same at every step. */
    CONSTANT,
    /** The same after a linear warm-up. */
    CONSTANT_WITH_WARMUP,
    /** Linear warm-up, then linear to 0. */
    LINEAR,
    /** Linear warm-up, then a cosine. */
    COSINE,
    /** Linear warm-up, then cosines that each begin at the top. */
    COSINE_WITH_RESTARTS,
    /** Linear warm-up, then a polynomial. */
    POLYNOMIAL,
    /** Constant between given steps. */
    PIECEWISE_CONSTANT;

    /** diffusers' name, for example {@code cosine_with_restarts}. */
    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The curve of a name.
     *
     * @throws IllegalArgumentException listing the names that exist
     */
    public static Kind of(String id) {
      return Arrays.stream(values())
          .filter(kind -> kind.id().equals(id))
          .findFirst()
          .orElseThrow(() ->
              new IllegalArgumentException(
                  "There is no learning-rate schedule %s; use %s"
                      .formatted(
                          Messages.piece(id),
                          Arrays.stream(values())
                              .map(Kind::id)
                              .collect(Collectors.joining(", ")))));
    }
  }

  /** Checks the ranges. */
  public LearningRateSchedule {
    check(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY, "the rate must be above 0");
    check(warmupSteps >= 0, "the warm-up must have at least 0 steps");
    check(trainingSteps >= 0, "the training must have at least 0 steps");
    check(numCycles > 0, "the number of cycles must be above 0");
    check(power > 0, "the power must be above 0");
    if (kind == Kind.POLYNOMIAL) {
      check(learningRate > POLYNOMIAL_END, "a polynomial's rate must be above " + POLYNOMIAL_END);
    }
    if (kind == Kind.PIECEWISE_CONSTANT) {
      piecewise(stepRules, 0);
    }
  }

  /** A curve with diffusers' defaults. */
  public static LearningRateSchedule of(
      Kind kind, double learningRate, int warmupSteps, int trainingSteps) {
    double numCycles = kind == Kind.COSINE_WITH_RESTARTS ? 1 : 0.5;
    return new LearningRateSchedule(
        kind, learningRate, warmupSteps, trainingSteps, numCycles, 1, null);
  }

  /** A piecewise constant curve. */
  public static LearningRateSchedule piecewiseConstant(double learningRate, String stepRules) {
    return new LearningRateSchedule(Kind.PIECEWISE_CONSTANT, learningRate, 0, 0, 0.5, 1, stepRules);
  }

  /**
   * The rate that an optimizer step uses.
   *
   * @param step how many optimizer steps came before, from 0
   */
  public double at(int step) {
    return learningRate * factor(step);
  }

  private double factor(int step) {
    if (kind == Kind.CONSTANT) {
      return 1;
    }
    if (kind == Kind.PIECEWISE_CONSTANT) {
      return piecewise(stepRules, step);
    }
    if (step < warmupSteps) {
      return (double) step / warmupSteps;
    }
    double decaySteps = Math.max(1, trainingSteps - warmupSteps);
    double progress = (step - warmupSteps) / decaySteps;
    return switch (kind) {
      case CONSTANT, CONSTANT_WITH_WARMUP, PIECEWISE_CONSTANT -> 1;
      case LINEAR -> Math.max(0, (trainingSteps - step) / decaySteps);
      case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * progress)));
      case COSINE_WITH_RESTARTS ->
          progress >= 1
              ? 0
              : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * (numCycles * progress % 1))));
      case POLYNOMIAL -> {
        double remaining = Math.pow(step > trainingSteps ? 0 : 1 - progress, power);
        yield ((learningRate - POLYNOMIAL_END) * remaining + POLYNOMIAL_END) / learningRate;
      }
    };
  }

  private static double piecewise(String stepRules, int step) {
    check(stepRules != null, "piecewise_constant needs rules such as 1:10,0.1:20,0.01");
    SortedMap<Integer, Double> factorBefore = new TreeMap<>();
    List<String> rules = List.of(stepRules.split(",", -1));
    try {
      for (String rule : rules.subList(0, rules.size() - 1)) {
        int colon = rule.indexOf(':');
        int before = Integer.parseInt(rule.substring(colon + 1).strip());
        factorBefore.put(before, Double.valueOf(rule.substring(0, Math.max(0, colon))));
      }
      double last = Double.parseDouble(rules.getLast());
      SortedMap<Integer, Double> ahead = factorBefore.tailMap(step + 1);
      return ahead.isEmpty() ? last : ahead.get(ahead.firstKey());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "Learning-rate schedule: rules %s cannot be read; write them as 1:10,0.1:20,0.01"
              .formatted(Messages.piece(stepRules)),
          e);
    }
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException("Learning-rate schedule: " + message);
    }
  }
}
