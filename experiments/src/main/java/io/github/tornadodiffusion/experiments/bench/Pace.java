package io.github.tornadodiffusion.experiments.bench;

import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.kernels.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.apache.commons.math3.stat.StatUtils;

/**
 * How long a device takes for one image once the JVM's compilers are done, measured within seconds.
 * A JVM that has just started is a hundred times slower, so its first runs do not show how long an
 * hour of work takes.
 *
 * @param training seconds in a training step
 * @param forward seconds in a forward pass
 */
public record Pace(double training, double forward) {
  /** No run begins after this time. */
  private static final double MOST_SECONDS = 10;

  /** One of this many runs is made to estimate the time of all. */
  private static final int PART = 4;

  private static final double LEAST_SECONDS = 1;
  private static final int LEAST_RUNS = 4;

  /** Runs that differ by less than this share count as equally fast. */
  private static final double GAIN = 0.1;

  /** A run with this many operations takes a second or less on the slowest machines in use. */
  private static final double MOST_FLOPS = 2e10;

  /**
   * Measures the two programs.
   *
   * @param preset whose model it is
   * @param batch images per run; fewer if that takes long, which hardly changes the time per image
   * @param all runs of the whole work; only a part of them is made to estimate it
   */
  public static Pace of(Engine engine, Preset preset, int batch, int all) {
    int smaller = batch(engine, preset, batch);
    return new Pace(
        anImage("train-step", engine, preset, smaller, all), forward(engine, preset, smaller, all));
  }

  /** Seconds of an image in a forward pass alone; the parameters are those of {@link #of}. */
  public static double forward(Engine engine, Preset preset, int batch, int all) {
    return anImage("forward", engine, preset, batch, all);
  }

  /** How many images of a batch can be trained on quickly. */
  private static int batch(Engine engine, Preset preset, int batch) {
    if (batch == 1) {
      return 1;
    }
    try (Workload one = Workload.of("train-step", engine, preset, 1)) {
      return (int) Math.clamp(MOST_FLOPS / one.flops(), 1, batch);
    }
  }

  private static double anImage(String program, Engine engine, Preset preset, int batch, int all) {
    try (Workload workload = Workload.of(program, engine, preset, batch)) {
      return steady(workload.run(), Math.ceilDiv(all, PART), System::nanoTime) / batch;
    }
  }

  /**
   * Seconds of a run: the lower quartile of the second half of those that it takes to {@link
   * #settle}, because other work on the machine makes some of them slower, but none faster.
   *
   * @param most runs
   * @param nanoTime a clock
   */
  static double steady(Runnable run, int most, LongSupplier nanoTime) {
    List<Double> seconds = settle(run, most, nanoTime);
    double[] last =
        seconds.stream().skip(seconds.size() / 2).mapToDouble(Double::doubleValue).toArray();
    return StatUtils.percentile(last, 25);
  }

  /**
   * Repeats a run until the second half of the time brought no faster one, for ten seconds at most.
   *
   * @param most runs
   * @param nanoTime a clock
   * @return seconds of every run
   */
  static List<Double> settle(Runnable run, int most, LongSupplier nanoTime) {
    List<Double> seconds = new ArrayList<>();
    double elapsed = 0;
    do {
      long start = nanoTime.getAsLong();
      run.run();
      double took = (nanoTime.getAsLong() - start) * 1e-9;
      seconds.add(took);
      elapsed += took;
    } while (seconds.size() < most && elapsed < MOST_SECONDS && !settled(seconds, elapsed));
    return seconds;
  }

  private static boolean settled(List<Double> seconds, double elapsed) {
    if (elapsed < LEAST_SECONDS || seconds.size() < LEAST_RUNS) {
      return false;
    }
    double end = 0;
    double early = Double.POSITIVE_INFINITY;
    double late = Double.POSITIVE_INFINITY;
    for (double took : seconds) {
      end += took;
      if (end <= elapsed / 2) {
        early = Math.min(early, took);
      } else {
        late = Math.min(late, took);
      }
    }
    return late > (1 - GAIN) * early;
  }
}
