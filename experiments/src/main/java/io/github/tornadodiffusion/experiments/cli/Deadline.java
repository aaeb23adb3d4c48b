package io.github.tornadodiffusion.experiments.cli;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The time by which a command must have ended. Its work comes in pieces, and the longest of the
 * recent pieces shows whether there is time for another.
 */
public final class Deadline {
  /** Reserved for what follows the last piece: closing files and ending the process. */
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
   * A deadline from now on.
   *
   * @param left the time that is left; null for no limit
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  public Deadline(Duration left, LongSupplier clock) {
    this.clock = clock;
    none = left == null;
    end = none ? 0 : clock.getAsLong() + left.toNanos();
  }

  /** A deadline counted from the start of this process. */
  public static Deadline sinceStart(Duration maxTime) {
    if (maxTime == null) {
      return new Deadline(null, System::nanoTime);
    }
    long millis = ManagementFactory.getRuntimeMXBean().getUptime();
    return new Deadline(maxTime.minusMillis(millis), System::nanoTime);
  }

  /** Records how long a piece of work took. */
  public void piece(long nanos) {
    longestPiece = Math.max((long) (FADING * longestPiece), nanos);
  }

  /** Records how long it took to save, which follows the last piece. */
  public void save(long nanos) {
    longestSave = Math.max(longestSave, nanos);
  }

  /** Whether there is not enough time for another piece and for saving after it. */
  boolean isNear() {
    return !none && end - clock.getAsLong() < longestPiece + 2 * longestSave + LAST_NANOS;
  }
}
