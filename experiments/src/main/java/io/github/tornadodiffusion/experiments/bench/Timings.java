package io.github.tornadodiffusion.experiments.bench;

import java.util.Arrays;
import org.apache.commons.math3.stat.StatUtils;

/**
 * How long repeated runs took, in nanoseconds.
 *
 * @param firstNanos the first run, which loads classes and runs code that is not compiled yet
 * @param warmUps runs before the measured ones, the first included
 * @param nanos the measured runs, in their order
 */
record Timings(long firstNanos, int warmUps, long[] nanos) {
  private static final int LEAST_WARM_UPS = 3;
  private static final double SETTLED = 0.1;
  private static final long MOST_WARM_UP_NANOS = 15_000_000_000L;

  /**
   * Runs until the times settle, then measures: at least three runs, until two in a row differ by
   * less than 10 %, for at most 15 seconds.
   *
   * @param runs how many runs to measure
   */
  static Timings measure(int runs, Runnable run) {
    long start = System.nanoTime();
    long first = time(run);
    long previous = first;
    int warmUps = 1;
    boolean settled = false;
    while (!settled && System.nanoTime() - start < MOST_WARM_UP_NANOS) {
      long now = time(run);
      warmUps++;
      settled =
          warmUps >= LEAST_WARM_UPS && Math.abs(now - previous) < SETTLED * Math.min(now, previous);
      previous = now;
    }
    long[] nanos = new long[runs];
    for (int i = 0; i < runs; i++) {
      nanos[i] = time(run);
    }
    return new Timings(first, warmUps, nanos);
  }

  private static long time(Runnable run) {
    long start = System.nanoTime();
    run.run();
    return System.nanoTime() - start;
  }

  double firstMillis() {
    return firstNanos / 1e6;
  }

  double medianMillis() {
    return StatUtils.percentile(millis(), 50);
  }

  double minMillis() {
    return StatUtils.min(millis());
  }

  double p90Millis() {
    return StatUtils.percentile(millis(), 90);
  }

  private double[] millis() {
    return Arrays.stream(nanos).mapToDouble(n -> n / 1e6).toArray();
  }
}
