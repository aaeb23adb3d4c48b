package io.github.tornadodiffusion.experiments.cli;

import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Shows the progress of a long command: a bar that redraws itself on a terminal, a plain line every
 * ten seconds elsewhere. It writes to stderr only and touches no native terminal library, so that
 * it works the same in a container, in a log file and on any JVM without warnings.
 */
public final class Progress implements AutoCloseable {
  private static final long REDRAW_NANOS = 200_000_000L;
  private static final long LINE_NANOS = 10_000_000_000L;
  private static final int BAR = 20;

  /** Fits a terminal of 80 columns: a longer line would wrap, and its rest would remain visible. */
  private static final int MOST_COLUMNS = 79;

  /** Weight of the newest rate in the moving average that predicts the time left. */
  private static final double NEWEST = 0.1;

  private final PrintWriter err;
  private final boolean terminal;
  private final String task;
  private final long total;
  private final LongSupplier clock;
  private long lastDone;
  private long lastUpdate;
  private long lastPrint;
  private int updates;
  private double nanosPerStep = Double.NaN;
  private int lineLength;

  /**
   * A bar at 0.
   *
   * @param terminal whether err is a terminal that redraws a line after a carriage return
   * @param task what is done, one word
   * @param done steps that were done earlier
   * @param total steps at the end
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  Progress(
      PrintWriter err, boolean terminal, String task, long done, long total, LongSupplier clock) {
    this.err = err;
    this.terminal = terminal;
    this.task = task;
    this.total = total;
    this.clock = clock;
    this.lastDone = done;
    this.lastUpdate = clock.getAsLong();
    this.lastPrint = lastUpdate;
  }

  /** A bar on this process's stderr. */
  public static Progress on(PrintWriter err, String task, long done, long total) {
    return new Progress(err, isTerminal(), task, done, total, System::nanoTime);
  }

  /**
   * Shows the progress.
   *
   * @param done steps done so far
   * @param details shown after the bar, for instance loss and images/s
   */
  public void update(long done, String details) {
    long now = clock.getAsLong();
    if (done > lastDone) {
      double rate = (double) (now - lastUpdate) / (done - lastDone);
      updates++;
      // The first step includes work that is done only once, such as compiling, so it predicts
      // nothing.
      nanosPerStep = updates <= 2 ? rate : nanosPerStep + NEWEST * (rate - nanosPerStep);
      lastDone = done;
      lastUpdate = now;
    }
    boolean last = done >= total;
    if (last || now - lastPrint >= (terminal ? REDRAW_NANOS : LINE_NANOS)) {
      lastPrint = now;
      print(done, details, last);
    }
  }

  private void print(long done, String details, boolean last) {
    String figures = "%d/%d  %s  %s".formatted(done, total, details, left(done, last)).strip();
    if (!terminal) {
      err.println(task + " " + figures);
      err.flush();
      return;
    }
    int room = MOST_COLUMNS - task.length() - figures.length() - " [] ".length();
    int bar = Math.clamp(room, 0, BAR);
    int filled = (int) (bar * done / total);
    String line =
        "%s [%s%s] %s".formatted(task, "#".repeat(filled), ".".repeat(bar - filled), figures);
    line = line.substring(0, Math.min(line.length(), MOST_COLUMNS));
    err.print("\r" + line + " ".repeat(Math.max(0, lineLength - line.length())));
    err.flush();
    lineLength = line.length();
  }

  private String left(long done, boolean last) {
    if (last) {
      return "done";
    }
    return updates < 2 ? "" : duration((long) (nanosPerStep * (total - done))) + " left";
  }

  /** Prints a separate line; the next update shows the bar again. */
  public void interrupt(String line) {
    close();
    err.println(line);
    err.flush();
    lineLength = 0;
  }

  /** Ends the line of the bar. */
  @Override
  public void close() {
    if (lineLength > 0) {
      err.println();
      err.flush();
    }
  }

  /** Hours, minutes and seconds, for instance {@code 1:02:03} or {@code 2:03}. */
  public static String duration(long nanos) {
    long seconds = Math.round(nanos / 1e9);
    return seconds >= 3600
        ? String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
        : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
  }

  /** Whether stderr is a terminal. Java only knows this of stdin and stdout together. */
  private static boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException e) {
      return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    }
  }
}
