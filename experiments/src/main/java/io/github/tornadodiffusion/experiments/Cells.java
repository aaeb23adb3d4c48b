package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.util.Locale;

/** Numbers as cells of a report's tables. */
final class Cells {
  /** What stands where there is no number. */
  static final String NONE = "";

  private Cells() {}

  /** Three or four digits; nothing for what is not finite. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return NONE;
    }
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e6) {
      return Long.toString((long) value);
    }
    return String.format(Locale.ROOT, size >= 1e-3 && size < 1e5 ? "%.4g" : "%.2e", value);
  }

  /** A number with its interval, unless that is undefined or a single value. */
  static String number(double value, Interval interval) {
    // All values were the same: there is nothing to say of their spread.
    boolean same = interval.low() == interval.high();
    return interval.defined() && !same && Double.isFinite(value)
        ? "%s [%s, %s]".formatted(number(value), number(interval.low()), number(interval.high()))
        : number(value);
  }

  /** A p-value; nothing where the test is undefined. */
  static String p(double value) {
    return Double.isNaN(value) ? NONE : String.format(Locale.ROOT, "%.2g", value);
  }

  /** A share as a percentage. */
  static String percent(double share) {
    return Double.isNaN(share) ? NONE : String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
