package io.github.tornadodiffusion.experiments.bench;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.stat.StatUtils;

/**
 * How long repeated runs took, in nanoseconds.
 *
 * @param firstNanos the first run, which loads classes and runs code that is not compiled yet
 * @param warmUps runs before the measured ones, the first included
 * @param nanos the measured runs, in their order
 */
record Timings(long firstNanos, int warmUps, long[] nanos) {
  private static final int MOST_WARM_UPS = 1000;

  /**
   * Runs until the times {@link Pace#settle}, then measures.
   *
   * @param runs how many runs to measure
   */
  static Timings measure(int runs, Runnable run) {
    List<Double> warmUps = Pace.settle(run, MOST_WARM_UPS, System::nanoTime);
    long[] nanos = new long[runs];
    for (int i = 0; i < runs; i++) {
      nanos[i] = time(run);
    }
    return new Timings((long) (warmUps.getFirst() * 1e9), warmUps.size(), nanos);
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
