package io.github.tornadodiffusion.nn.training;

/**
 * The part of the moving average that a step keeps, as diffusers' {@code EMAModel.get_decay}: the
 * average becomes {@code decay * average + (1 - decay) * parameter}. Components have the names and
 * defaults of EMAModel's arguments.
 *
 * @param decay the most that is kept
 * @param minDecay the least that is kept once averaging has begun
 * @param updateAfterStep steps before averaging begins; until then the average is a copy
 * @param useEmaWarmup whether the decay grows as 1 - (1 + step / invGamma)^-power rather than as (1
 *     + step) / (10 + step)
 * @param invGamma scale of the warm-up, in steps
 * @param power exponent of the warm-up
 */
public record EmaDecay(
    double decay,
    double minDecay,
    int updateAfterStep,
    boolean useEmaWarmup,
    double invGamma,
    double power) {

  /** Checks the ranges. */
  public EmaDecay {
    check(decay >= 0 && decay <= 1, "decay", decay, "in [0, 1]");
    check(minDecay >= 0 && minDecay <= 1, "min_decay", minDecay, "in [0, 1]");
    check(updateAfterStep >= 0, "update_after_step", updateAfterStep, "at least 0");
    check(invGamma > 0, "inv_gamma", invGamma, "above 0");
    check(power > 0, "power", power, "above 0");
  }

  /** EMAModel's defaults with another decay. */
  public static EmaDecay of(double decay) {
    return new EmaDecay(decay, 0, 0, false, 1, 2.0 / 3);
  }

  /**
   * The decay of one update.
   *
   * @param optimizationStep number of the update, from 1; EMAModel counts up before it asks
   */
  public double at(int optimizationStep) {
    int step = optimizationStep - updateAfterStep - 1;
    if (step <= 0) {
      return 0;
    }
    double grown =
        useEmaWarmup ? 1 - Math.pow(1 + step / invGamma, -power) : (1.0 + step) / (10.0 + step);
    return Math.max(Math.min(grown, decay), minDecay);
  }

  private static void check(boolean holds, String name, double value, String range) {
    if (!holds) {
      throw new IllegalArgumentException(
          "EMA %s is %s; it must be %s".formatted(name, value, range));
    }
  }
}
