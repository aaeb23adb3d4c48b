package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as reports show them. */
final class Numbers {
  private static final MathContext DIGITS = new MathContext(3);

  private Numbers() {}

  /** Three significant digits without an exponent; empty for a number that is not finite. */
  static String plain(double value) {
    return Double.isFinite(value) ? new BigDecimal(value).round(DIGITS).toPlainString() : "";
  }

  /** A value and its interval, which is left out if it is undefined. */
  static String plain(double value, Interval interval) {
    return interval.defined()
        ? "%s [%s, %s]".formatted(plain(value), plain(interval.low()), plain(interval.high()))
        : plain(value);
  }

  /** Two digits and an exponent; empty for a number that is not finite. */
  static String scientific(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.1e", value) : "";
  }
}
