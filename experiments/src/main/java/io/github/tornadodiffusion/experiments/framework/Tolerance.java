package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.report.Numbers;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * How much a figure may differ from that of an earlier run, by its name; see {@link Figures} on
 * what is measured.
 *
 * <ul>
 *   <li>Text, counts and whole numbers must be equal.
 *   <li>Any other quality should be equal, bit for bit on the same kind of machine, and may differ
 *       by {@link #CLOSE} of its size, because another machine may have shorter vectors.
 *   <li>What is measured over many runs, rates and amounts of memory may differ by a factor; a time
 *       also by {@link #STEADY_MILLIS}, because the system may delay any run for as long, and a
 *       share of time by {@link #POINTS} percentage points.
 *   <li>What is measured once, such as building, the JVM's compilers, a first run or the wall time
 *       of a part, may differ by twice that factor or by {@link #ONCE_MILLIS}: it is chance when
 *       the compilers finish, and whether anything is left to compile. So may a transfer to or from
 *       a device: it takes longer if the system has only small pages left.
 * </ul>
 *
 * @param measured whether it depends on the machine's speed
 * @param factor how many times larger or smaller it may be
 * @param floor how much two values may differ whatever their ratio, in the unit of the figure
 * @param floorUnit that unit, empty if there is no floor
 */
public record Tolerance(boolean measured, double factor, double floor, String floorUnit) {
  /** Quality that differs by less than this share counts as within tolerance. */
  static final double CLOSE = 1e-3;

  static final double STEADY_MILLIS = 1;
  static final double ONCE_MILLIS = 2000;
  static final double POINTS = 1;

  private static final double ONCE = 2;
  private static final Pattern ONE_OFF =
      Pattern.compile("build_ms|jit_ms|first_ms|first_compilation_ms|transfer_ms|.*_seconds");
  private static final Pattern TIME = Pattern.compile(".*(_ms|_seconds|_ns)");

  /** How two values compare. */
  public enum Verdict {
    EQUAL,
    WITHIN_TOLERANCE,
    DIFFERENT
  }

  /**
   * The tolerance of a figure.
   *
   * @param factor for figures that are measured over many runs, at least 1
   */
  static Tolerance of(String name, double factor) {
    if (!Figures.isMeasured(name)) {
      return new Tolerance(false, 1, 0, "");
    }
    boolean once = ONE_OFF.matcher(name).matches();
    double much = once ? ONCE * factor : factor;
    if (name.equals(Figures.TIME_PERCENT)) {
      return new Tolerance(true, much, POINTS, "points");
    }
    if (!TIME.matcher(name).matches()) {
      return new Tolerance(true, much, 0, "");
    }
    double millis = once ? ONCE_MILLIS : STEADY_MILLIS;
    String unit = name.substring(name.lastIndexOf('_') + 1);
    return switch (unit) {
      case "seconds" -> new Tolerance(true, much, millis / 1e3, "s");
      case "ns" -> new Tolerance(true, much, millis * 1e6, "ns");
      default -> new Tolerance(true, much, millis, "ms");
    };
  }

  /** Compares a value with that of the earlier run. */
  Verdict verdict(Object before, Object now) {
    if (Objects.equals(before, now)) {
      return Verdict.EQUAL;
    }
    if (!(before instanceof Number first && now instanceof Number second)) {
      return Verdict.DIFFERENT;
    }
    double a = first.doubleValue();
    double b = second.doubleValue();
    if (a == b) {
      return Verdict.EQUAL;
    }
    if (!measured) {
      boolean counts = isWhole(first) && isWhole(second);
      return !counts && difference(a, b) <= CLOSE ? Verdict.WITHIN_TOLERANCE : Verdict.DIFFERENT;
    }
    return Math.abs(a - b) <= floor || difference(a, b) <= factor
        ? Verdict.WITHIN_TOLERANCE
        : Verdict.DIFFERENT;
  }

  private static boolean isWhole(Number value) {
    return value instanceof Integer || value instanceof Long;
  }

  /**
   * The ratio of measured values, infinite where one is zero; the relative difference of others.
   */
  double difference(double a, double b) {
    double most = Math.max(Math.abs(a), Math.abs(b));
    return measured ? most / Math.min(Math.abs(a), Math.abs(b)) : Math.abs(a - b) / most;
  }

  /** The tolerance as text, such as {@code × 4 or 1000 ms}. */
  String text() {
    if (!measured) {
      return "equal";
    }
    String times = "× %s".formatted(Numbers.plain(factor));
    return floorUnit.isEmpty()
        ? times
        : String.format(Locale.ROOT, "%s or %s %s", times, Numbers.plain(floor), floorUnit);
  }

  /**
   * An explanation of all this, as a paragraph of Markdown.
   *
   * @param factor as in {@link #of}
   */
  public static String explained(double factor) {
    return String.format(
        Locale.ROOT,
        "Texts, counts and whole numbers must be equal; other figures of quality are equal on the"
            + " same kind of machine, and within tolerance up to a thousandth of their size. Times"
            + " over many runs, rates and memory may differ by a factor of %1$s, times also by %2$s"
            + " ms, shares of time by %5$s percentage point. What happens once (building,"
            + " compilers, a first run, the wall time of a part), and transfers, may differ by a"
            + " factor of %3$s or by %4$s s. Of several runs the medians after the warm-up are"
            + " compared.",
        Numbers.plain(factor),
        Numbers.plain(STEADY_MILLIS),
        Numbers.plain(ONCE * factor),
        Numbers.plain(ONCE_MILLIS / 1e3),
        Numbers.plain(POINTS));
  }
}
