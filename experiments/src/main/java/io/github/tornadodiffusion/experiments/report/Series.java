package io.github.tornadodiffusion.experiments.report;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Points with a name.
 *
 * @param intervals of y, as many; null entries for none
 */
record Series(String label, double[] x, double[] y, Interval[] intervals) {
  Series {
    if (x.length != y.length || (intervals != null && intervals.length != y.length)) {
      throw new IllegalArgumentException(
          "the series '%s' has different numbers of x, y and intervals; give as many"
              .formatted(label));
    }
    x = x.clone();
    y = y.clone();
    intervals = intervals == null ? new Interval[y.length] : intervals.clone();
  }

  private boolean finite(int i) {
    return Double.isFinite(x[i]) && Double.isFinite(y[i]);
  }

  private boolean positive(int i, boolean logX, boolean logY) {
    return (!logX || x[i] > 0) && (!logY || y[i] > 0);
  }

  /** Whether a point has an interval that can be drawn. */
  boolean hasIntervals() {
    return Arrays.stream(intervals).anyMatch(interval -> interval != null && interval.defined());
  }

  /** The series without values that the axes cannot show. */
  Series drawable(boolean logX, boolean logY) {
    int[] kept =
        IntStream.range(0, x.length).filter(i -> finite(i) && positive(i, logX, logY)).toArray();
    return new Series(
        label,
        Arrays.stream(kept).mapToDouble(i -> x[i]).toArray(),
        Arrays.stream(kept).mapToDouble(i -> y[i]).toArray(),
        Arrays.stream(kept)
            .mapToObj(i -> drawable(intervals[i], y[i], logY))
            .toArray(Interval[]::new));
  }

  /** On a logarithmic axis an interval down to zero ends at its value there; null for none. */
  private static Interval drawable(Interval interval, double y, boolean logY) {
    if (interval == null || !Double.isFinite(interval.high() - interval.low())) {
      return null;
    }
    if (logY && interval.high() <= 0) {
      return null;
    }
    return logY && interval.low() <= 0
        ? new Interval(Math.min(y, interval.high()), interval.high())
        : interval;
  }

  /** Sentences about values that the axes cannot show. */
  List<String> leftOut(boolean logX, boolean logY) {
    List<String> sentences = new ArrayList<>();
    long infinite = IntStream.range(0, x.length).filter(i -> !finite(i)).count();
    say(sentences, infinite, "not finite");
    long negative =
        IntStream.range(0, x.length).filter(i -> finite(i) && !positive(i, logX, logY)).count();
    say(sentences, negative, "not positive, which a logarithmic axis needs");
    long cut = Arrays.stream(intervals).filter(i -> i != null && logY && i.low() <= 0).count();
    if (cut > 0) {
      sentences.add(
          "The lower ends of %s of the intervals of “%s” are not positive and not drawn."
              .formatted(cut, label));
    }
    return sentences;
  }

  private void say(List<String> sentences, long count, String why) {
    if (count > 0) {
      sentences.add(
          "Left out: %s of the %s values of “%s”, %s.".formatted(count, x.length, label, why));
    }
  }
}
