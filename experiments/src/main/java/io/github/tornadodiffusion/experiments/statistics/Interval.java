package io.github.tornadodiffusion.experiments.statistics;

/**
 * A closed interval; both ends are NaN if it is undefined.
 *
 * @param low the lower end
 * @param high the upper end, not below the lower one
 */
public record Interval(double low, double high) {
  /** The interval of an estimate from too few values. */
  public static final Interval UNDEFINED = new Interval(Double.NaN, Double.NaN);

  /** Refuses ends in the wrong order. */
  public Interval {
    if (low > high) {
      throw new IllegalArgumentException(
          "an interval from %s to %s is empty; its lower end comes first".formatted(low, high));
    }
  }

  /** Whether it has ends at all. */
  public boolean defined() {
    return !Double.isNaN(low) && !Double.isNaN(high);
  }
}
