package io.github.tornadodiffusion.experiments.report;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.util.List;

/** The range of an axis: the values, and a little room around them. */
record Range(double min, double max) {
  private static final double ROOM = 0.05;
  private static final double SLIVER = 1e-3;

  /** The x axis of points. */
  static Range ofX(List<Series> series, boolean logarithmic) {
    Range range = new Range(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
    for (Series one : series) {
      for (double x : one.x()) {
        range = range.with(x);
      }
    }
    return range.roomy(logarithmic);
  }

  /** The y axis, intervals included. */
  static Range ofY(List<Series> series, boolean logarithmic) {
    return values(series).roomy(logarithmic);
  }

  /** The y axis of bars, which begin at zero. */
  static Range ofBars(List<Series> series) {
    Range values = values(series).with(0);
    Range roomy = values.roomy(false);
    // XChart labels no tick that lies exactly on the border.
    double sliver = SLIVER * (values.max - values.min);
    return new Range(
        values.min == 0 && values.max > 0 ? -sliver : roomy.min,
        values.max == 0 && values.min < 0 ? sliver : roomy.max);
  }

  private static Range values(List<Series> series) {
    Range range = new Range(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
    for (Series one : series) {
      for (double y : one.y()) {
        range = range.with(y);
      }
      for (Interval interval : one.intervals()) {
        range = interval == null ? range : range.with(interval.low()).with(interval.high());
      }
    }
    return range;
  }

  private Range with(double value) {
    return new Range(Math.min(min, value), Math.max(max, value));
  }

  private Range roomy(boolean logarithmic) {
    if (min > max) {
      return new Range(logarithmic ? 0.1 : 0, 1);
    }
    if (logarithmic) {
      double factor = min == max ? 2 : Math.pow(max / min, ROOM);
      return new Range(min / factor, max * factor);
    }
    double room = min < max ? ROOM * (max - min) : min == 0 ? 1 : ROOM * Math.abs(min);
    return new Range(min - room, max + room);
  }
}
