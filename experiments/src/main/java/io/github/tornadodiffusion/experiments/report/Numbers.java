package io.github.tornadodiffusion.experiments.report;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as reports show them; numbers that are not finite become {@link #NONE}. */
public final class Numbers {
  /** Shown instead of a missing number. */
  public static final String NONE = "";

  private static final MathContext DIGITS = new MathContext(3);

  private Numbers() {}

  /** Three significant digits without an exponent. */
  public static String plain(double value) {
    return Double.isFinite(value) ? new BigDecimal(value).round(DIGITS).toPlainString() : NONE;
  }

  /** A value and its interval, which is left out if it is undefined. */
  public static String plain(double value, Interval interval) {
    return interval.defined()
        ? "%s [%s, %s]".formatted(plain(value), plain(interval.low()), plain(interval.high()))
        : plain(value);
  }

  /** Two digits and an exponent. */
  public static String scientific(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.1e", value) : NONE;
  }

  /** Three or more digits, with an exponent if the value is very large or small. */
  public static String general(double value) {
    if (!Double.isFinite(value)) {
      return NONE;
    }
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e6) {
      return Long.toString((long) value);
    }
    String format = size < 1e-3 || size >= 1e6 ? "%.2e" : size < 1e3 ? "%.4g" : "%.0f";
    return String.format(Locale.ROOT, format, value);
  }

  /** A number with its interval, unless that is undefined or a single value. */
  public static String general(double value, Interval interval) {
    // All values were the same, so there is no spread to show.
    boolean same = interval.low() == interval.high();
    return interval.defined() && !same && Double.isFinite(value)
        ? "%s [%s, %s]".formatted(general(value), general(interval.low()), general(interval.high()))
        : general(value);
  }

  /** A p-value; empty if the test is undefined. */
  public static String p(double value) {
    return Double.isNaN(value) ? NONE : String.format(Locale.ROOT, "%.2g", value);
  }

  /** A share as a percentage. */
  public static String percent(double share) {
    return Double.isNaN(share) ? NONE : String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
