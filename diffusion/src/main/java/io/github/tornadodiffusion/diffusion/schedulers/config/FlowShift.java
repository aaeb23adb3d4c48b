package io.github.tornadodiffusion.diffusion.schedulers.config;

import io.github.tornadodiffusion.nn.io.Ids;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Arrays;
import java.util.Map;

/**
 * How the levels of flows, from 0 to 1, are shifted towards the noise (Esser et al. 2024, equation
 * 23), by diffusers' keys in camel case.
 *
 * @param shift the factor by which the ratio of noise to signal grows, above 0
 * @param useDynamicShifting whether the sampler is told that factor instead, as mu
 * @param timeShiftType how the factor depends on mu
 * @param shiftTerminal the last level, to which the others are stretched; null for none
 */
public record FlowShift(
    double shift, boolean useDynamicShifting, TimeShift timeShiftType, Double shiftTerminal) {
  /** How dynamic shifting depends on mu. */
  public enum TimeShift {
    /** {@code e^mu / (e^mu + 1 / sigma - 1)}. */
    EXPONENTIAL,
    /** {@code mu / (mu + 1 / sigma - 1)}. */
    LINEAR
  }

  private static final String TERMINAL = "shift_terminal";
  private static final String TIME_SHIFT_TYPE = "time_shift_type";

  /** Checks the values. */
  public FlowShift {
    if (!(shift > 0)) {
      throw new IllegalArgumentException("shift is " + shift + ": it must be above 0");
    }
    if (shiftTerminal != null && !(shiftTerminal >= 0 && shiftTerminal < 1)) {
      throw new IllegalArgumentException(
          TERMINAL + " is " + shiftTerminal + ": it must be from 0 to below 1, or null");
    }
  }

  /**
   * Reads the keys; without them nothing is shifted.
   *
   * @param shift the key of the factor
   */
  public static FlowShift read(JsonFields fields, String shift) {
    return new FlowShift(
        fields.number(shift, 1),
        fields.bool("use_dynamic_shifting", false),
        Ids.parse(
            TimeShift.class,
            TIME_SHIFT_TYPE,
            fields.string(TIME_SHIFT_TYPE, Ids.id(TimeShift.EXPONENTIAL))),
        fields.numberOrNull(TERMINAL, null));
  }

  /** Writes the keys, except that of the terminal. */
  public void write(Map<String, Object> fields, String key) {
    fields.put(key, shift);
    fields.put("use_dynamic_shifting", useDynamicShifting);
    fields.put(TIME_SHIFT_TYPE, Ids.id(timeShiftType));
  }

  /** Writes the key of the terminal. */
  public void writeTerminal(Map<String, Object> fields) {
    fields.put(TERMINAL, shiftTerminal);
  }

  /**
   * The factor by which the ratio of noise to signal grows.
   *
   * @param mu what the sampler was told; null for nothing
   * @throws IllegalArgumentException in one line if it is needed and not given or not possible
   */
  public double factor(Double mu) {
    if (!useDynamicShifting) {
      return shift;
    }
    if (mu == null) {
      throw new IllegalArgumentException(
          "use_dynamic_shifting needs mu: give it to the sampler, as --mu does");
    }
    double factor = timeShiftType == TimeShift.EXPONENTIAL ? Math.exp(mu) : mu;
    if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "mu is %s: with time_shift_type %s it must be %s"
              .formatted(
                  mu,
                  Ids.id(timeShiftType),
                  timeShiftType == TimeShift.LINEAR ? "above 0" : "from -700 to 700"));
    }
    return factor;
  }

  /**
   * A level whose ratio of noise to signal is raised by a factor; at most 1, however small that.
   */
  public static double shifted(double sigma, double factor) {
    return Math.min(1, factor * sigma / (1 + (factor - 1) * sigma));
  }

  /** Stretches the levels so that the last one is the terminal. */
  public double[] stretched(double[] sigmas) {
    double last = 1 - sigmas[sigmas.length - 1];
    if (shiftTerminal == null || shiftTerminal == 0 || last == 0) {
      return sigmas;
    }
    double scale = (1 - shiftTerminal) / last;
    return Arrays.stream(sigmas).map(sigma -> 1 - (1 - sigma) * scale).toArray();
  }
}
