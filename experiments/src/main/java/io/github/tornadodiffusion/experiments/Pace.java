package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.Pipeline;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.apache.commons.math3.stat.StatUtils;

/** How long a step of a long work takes, from a few of them. */
final class Pace {
  private static final int MOST_STEPS = 300;
  private static final double MOST_SECONDS = 8;

  private final List<Double> seconds = new ArrayList<>();
  private final long start = System.nanoTime();
  private long last = start;

  private Pace() {}

  /**
   * Seconds a step.
   *
   * @param steps that there are
   * @param runTo does the steps up to a number
   */
  static double of(int steps, IntConsumer runTo) {
    Pace pace = new Pace();
    for (int done = 1; done <= steps && !pace.enough(); done++) {
      runTo.accept(done);
      pace.step();
    }
    return pace.median();
  }

  /**
   * Seconds a call of a model.
   *
   * @param sample samples images and tells of each call; it is broken off
   */
  static double ofCalls(Consumer<Pipeline.Progress> sample) {
    Pace pace = new Pace();
    try {
      sample.accept((done, total) -> {
        pace.step();
        if (pace.enough()) {
          throw new CancellationException();
        }
      });
    } catch (CancellationException e) {
      // The pace is known.
    }
    return pace.median();
  }

  private void step() {
    long now = System.nanoTime();
    seconds.add((now - last) * 1e-9);
    last = now;
  }

  private boolean enough() {
    return seconds.size() >= MOST_STEPS || (last - start) * 1e-9 > MOST_SECONDS;
  }

  /** Of the last quarter: code is compiled during the first steps. */
  private double median() {
    return StatUtils.percentile(
        seconds.stream().skip(seconds.size() * 3L / 4).mapToDouble(Double::doubleValue).toArray(),
        50);
  }
}
