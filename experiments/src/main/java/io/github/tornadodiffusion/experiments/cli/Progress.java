package io.github.tornadodiffusion.experiments.cli;

import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Shows how far a long command is: a bar that redraws itself on a terminal, a plain line every ten
 * seconds elsewhere. It writes to stderr only and touches no native terminal library, so that it
 * works the same in a container, in a log file and on any JVM without warnings.
 *
 * <p>The bar fits the terminal, whose width may change: where there is little room, first the bar
 * goes, then what is after it, the last first.
 */
public final class Progress implements AutoCloseable {
  private static final long REDRAW_NANOS = 200_000_000L;
  private static final long LINE_NANOS = 10_000_000_000L;
  private static final int BAR = 20;

  /** What the bar keeps beside a chart. */
  private static final int SMALL_BAR = 8;

  /** Fewer columns of a chart show nothing. */
  private static final int SMALL_CHART = 6;

  private static final int MOST_CHART = 24;

  /** Weight of the newest rate in the moving average that predicts the time left. */
  private static final double NEWEST = 0.1;

  private final PrintWriter err;
  private final boolean terminal;
  private final String task;
  private final long total;
  private final LongSupplier clock;
  private final IntSupplier columns;
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
    this(err, terminal, task, done, total, clock, () -> Terminal.USUAL_COLUMNS);
  }

  /**
   * A bar at 0.
   *
   * @param columns of the terminal now; the other parameters are those above
   */
  Progress(
      PrintWriter err,
      boolean terminal,
      String task,
      long done,
      long total,
      LongSupplier clock,
      IntSupplier columns) {
    this.columns = columns;
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
    return new Progress(
        err,
        isTerminal(),
        task,
        done,
        total,
        System::nanoTime,
        () -> Terminal.columns(Terminal.STANDARD_ERROR).orElse(Terminal.USUAL_COLUMNS));
  }

  /**
   * Shows the progress.
   *
   * @param done steps done so far
   * @param details shown after the bar, for instance loss and images/s
   */
  public void update(long done, String details) {
    update(done, details, width -> "");
  }

  /**
   * Tells how far it is, with a chart where there is room for one, which is on a terminal alone.
   *
   * @param chart of at most so many columns
   */
  public void update(long done, String details, IntFunction<String> chart) {
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
      print(done, details, chart, last);
    }
  }

  private void print(long done, String details, IntFunction<String> chart, boolean last) {
    String left = left(done, last);
    String figures = "%d/%d  %s  %s".formatted(done, total, details, left).strip();
    if (!terminal) {
      err.println(task + " " + figures);
      err.flush();
      return;
    }
    // In the last column the cursor would stand in the next line.
    int most = Math.max(1, columns.getAsInt() - 1);
    String line = fitting(done, details, left, chart, most);
    clear(most + 1);
    err.print("\r" + line + " ".repeat(Math.max(0, Math.min(lineLength, most) - line.length())));
    err.flush();
    lineLength = line.length();
  }

  /** Takes away what a wider terminal showed in one line and this one in several. */
  private void clear(int width) {
    if (lineLength > width) {
      err.print("\r\033[%dA\033[J".formatted((lineLength - 1) / width));
      lineLength = 0;
    }
  }

  private String fitting(
      long done, String details, String left, IntFunction<String> chart, int most) {
    List<String> parts = new ArrayList<>(List.of("%d/%d".formatted(done, total)));
    Stream.of(details.split(" {2,}")).filter(part -> !part.isBlank()).forEach(parts::add);
    List<String> after = left.isEmpty() ? List.of() : List.of(left);
    String figures = figures(parts, after);
    int room = most - task.length() - figures.length() - " [] ".length();
    if (room >= 1) {
      int chartRoom = Math.min(MOST_CHART, room - SMALL_BAR - 2);
      String drawn = chartRoom < SMALL_CHART ? "" : chart.apply(chartRoom);
      if (!drawn.isEmpty()) {
        // After the first of the details, which is what it is of.
        parts.set(1, parts.get(1) + " " + drawn);
        figures = figures(parts, after);
        room = most - task.length() - figures.length() - " [] ".length();
      }
      int bar = Math.clamp(room, 0, BAR);
      int filled = (int) (bar * done / total);
      return "%s [%s%s] %s".formatted(task, "#".repeat(filled), ".".repeat(bar - filled), figures);
    }
    while (parts.size() > 1 && task.length() + 1 + figures(parts, after).length() > most) {
      parts.removeLast();
    }
    String line = task + " " + figures(parts, after);
    return line.substring(0, Math.min(line.length(), most));
  }

  private static String figures(List<String> parts, List<String> after) {
    return Stream.concat(parts.stream(), after.stream()).collect(Collectors.joining("  "));
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
