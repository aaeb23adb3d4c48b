package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.Supplier;

/**
 * Makes the version of {@code --quick} so small that it keeps its promise, by an estimate from
 * measured steps: the usual one where that is small enough, else the largest that is.
 */
public final class QuickTime {
  /** Plans the work with a share of the usual amounts. */
  @FunctionalInterface
  public interface Estimate {
    /** How long that takes, in seconds. */
    double seconds(double share) throws IOException;
  }

  /** The promise. */
  static final double SECONDS = 300;

  /** What an estimate may be wrong by, and what comes on top of it: the report, the end. */
  private static final double SAFETY = 0.75;

  /** Shares of the usual amounts that are tried. */
  private static final List<Double> SHARES =
      List.of(1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03, 0.02, 0.01);

  private QuickTime() {}

  /**
   * Decides how small it is, and says so in one line where it is not the usual version. An
   * experiment that goes on is left as it is. So are parts on several nodes, which must be alike;
   * that is said. Of processes that work together, process 0 measures.
   *
   * @param estimate plans the work
   * @param measureAnew has the next estimate measure its steps once more: the first time the JVM's
   *     compilers may have been at work
   * @param describe tells what is planned, in a few words
   */
  public static void fit(
      ExperimentOptions run,
      PrintWriter err,
      Estimate estimate,
      Runnable measureAnew,
      Supplier<String> describe)
      throws IOException {
    if (!run.quick || run.resume) {
      return;
    }
    if (run.shard != null) {
      err.printf(
          "--quick with --shard: parts on several nodes must be alike, so nothing is measured and"
              + " the usual small version is done, however long it takes: %s%n",
          describe.get());
      err.flush();
      return;
    }
    run.quickIsDecided = true;
    Communicator processes = Mpi.join();
    int chosen = processes.leads() ? choose(run, err, estimate, measureAnew, describe) : 0;
    chosen = processes.broadcast(chosen);
    if (!processes.leads()) {
      estimate.seconds(SHARES.get(chosen));
    }
  }

  /** Which of the shares is planned. */
  private static int choose(
      ExperimentOptions run,
      PrintWriter err,
      Estimate estimate,
      Runnable measureAnew,
      Supplier<String> describe)
      throws IOException {
    double usual = estimate.seconds(1);
    if (!fits(run, usual)) {
      measureAnew.run();
      usual = Math.min(usual, estimate.seconds(1));
    }
    double least = usual;
    for (int i = 0; i < SHARES.size(); i++) {
      least = estimate.seconds(SHARES.get(i));
      if (fits(run, least)) {
        if (i > 0) {
          err.printf(
              "--quick: the usual small version would take about %s here, so this one is smaller:"
                  + " %s%n",
              time(usual), describe.get());
          err.flush();
        }
        return i;
      }
    }
    tooLong(err, least, "even the smallest version (%s)".formatted(describe.get()));
    return SHARES.size() - 1;
  }

  private static boolean fits(ExperimentOptions run, double seconds) {
    return seconds <= SAFETY * (SECONDS - run.seconds());
  }

  /** Says that the promise is not kept, and what is done. */
  static void tooLong(PrintWriter err, double seconds, String what) {
    err.printf(
        "--quick: %s takes about %s here and may not end within five minutes; that is what is done."
            + " Take smaller values, another preset or device, or end it with --max-hours%n",
        what, time(seconds));
    err.flush();
  }

  private static String time(double seconds) {
    return Progress.duration((long) (seconds * 1e9));
  }
}
