package io.github.tornadodiffusion.experiments.cli;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * When a command must have ended. What it does until then comes in pieces, and the longest of the
 * last pieces tells whether there is time for another.
 */
public final class Deadline {
  /** For what comes after the last piece: closing files, the end of the process. */
  private static final long LAST_NANOS = 3_000_000_000L;

  /**
   * Each piece lowers the weight of the longest so far by this factor: the first compiles kernels.
   */
  private static final double FADING = 0.8;

  private final LongSupplier clock;
  private final long end;
  private final boolean none;
  private long longestPiece;
  private long longestSave;

  /**
   * A time from now.
   *
   * @param left how long there is; null for as long as it takes
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  Deadline(Duration left, LongSupplier clock) {
    this.clock = clock;
    none = left == null;
    end = none ? 0 : clock.getAsLong() + left.toNanos();
  }

  /** A time from the start of this process. */
  public static Deadline sinceStart(Duration maxTime) {
    if (maxTime == null) {
      return new Deadline(null, System::nanoTime);
    }
    long millis = ManagementFactory.getRuntimeMXBean().getUptime();
    return new Deadline(maxTime.minusMillis(millis), System::nanoTime);
  }

  /** Tells how long a piece of work took. */
  public void piece(long nanos) {
    longestPiece = Math.max((long) (FADING * longestPiece), nanos);
  }

  /** Tells how long it took to save, which comes after the last piece. */
  public void save(long nanos) {
    longestSave = Math.max(longestSave, nanos);
  }

  /** Whether there is no time for another piece and for saving after it. */
  boolean isNear() {
    return !none && end - clock.getAsLong() < longestPiece + 2 * longestSave + LAST_NANOS;
  }
}
