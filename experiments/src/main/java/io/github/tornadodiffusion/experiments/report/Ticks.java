package io.github.tornadodiffusion.experiments.report;

import java.math.BigDecimal;
import java.math.MathContext;

/** Labels of the ticks of an axis that shows values from a least to a largest one. */
record Ticks(double min, double max, boolean logarithmic, boolean horizontal) {
  /** Drawn as nothing; XChart cannot lay out an empty text. */
  private static final String HIDDEN = " ";

  private static final double DECIMALS_FROM = 1e-3;
  private static final double DECIMALS_TO = 1e5;
  private static final int DIGITS = 10;

  /** As many powers of ten as there is room for labels. */
  private static final int MOST_POWERS = 10;

  /** A horizontal axis has room for this many labels, wherever they are. */
  private static final int FEW = 6;

  /** The label at a value where XChart wants a tick. */
  String label(double value) {
    if (!logarithmic) {
      return text(Math.abs(value) < 1e-9 * (max - min) ? 0 : value);
    }
    int power = (int) Math.floor(Math.log10(value) + 1e-9);
    double leading = value / Math.pow(10, power);
    if (Math.abs(leading - Math.rint(leading)) > 1e-6) {
      // The ends of an axis that contains no whole multiple of a power of ten.
      return text(new BigDecimal(value).round(new MathContext(3)).doubleValue());
    }
    return shown((int) Math.rint(leading), power) ? text(value) : HIDDEN;
  }

  /** The number of whole multiples of powers of ten on the axis. */
  private int count() {
    int count = 0;
    double power = Math.pow(10, Math.floor(Math.log10(min)));
    for (double value = power; value <= max && count <= FEW; value += power) {
      power = value >= 10 * power * (1 - 1e-9) ? 10 * power : power;
      count += value >= min ? 1 : 0;
    }
    return count;
  }

  private boolean shown(int leading, int power) {
    double powers = Math.log10(max / min);
    if (powers < (horizontal ? 0.5 : 0.6) || (horizontal && count() <= FEW)) {
      return true;
    }
    if (powers < 1) {
      return leading <= 3 || leading == 5 || leading == 7;
    }
    if (powers < 2.5) {
      return leading == 1 || leading == 2 || leading == 5;
    }
    return leading == 1 && Math.floorMod(power, 1 + (int) (powers / MOST_POWERS)) == 0;
  }

  /** Decimals if they are short, or else a power of ten such as 2·10⁻⁵. */
  static String text(double value) {
    double size = Math.abs(value);
    if (value == 0 || (size >= DECIMALS_FROM && size < DECIMALS_TO)) {
      return plain(value);
    }
    int power = (int) Math.floor(Math.log10(size) + 1e-9);
    String leading = plain(value / Math.pow(10, power));
    String factor = leading.equals("1") ? "" : leading.equals("-1") ? "-" : leading + "·";
    return factor + "10" + superscript(power);
  }

  private static String plain(double value) {
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(DIGITS));
    return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
  }

  private static String superscript(int power) {
    StringBuilder text = new StringBuilder();
    for (char c : Integer.toString(power).toCharArray()) {
      text.append(c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(c - '0'));
    }
    return text.toString();
  }
}
