package io.github.tornadodiffusion.experiments.cli;

import java.io.PrintWriter;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Lets a command end in an orderly way when the process is asked to end (Ctrl-C, SIGTERM) or its
 * time is over. After a signal the JVM waits until the command has seen {@link #requested} and has
 * closed this, or for a minute, and exits with 128 plus the signal's number.
 */
public final class Interruption implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;

  /** Whether the command ends in order by itself, and says what is kept. */
  private static final AtomicBoolean SAYS_SO = new AtomicBoolean();

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::await, "interruption");
  private final Deadline deadline;
  private volatile boolean requested;

  /** For a command without a time limit. */
  public Interruption() {
    this(new Deadline(null, System::nanoTime));
  }

  /** Also requested once the deadline comes. */
  public Interruption(Deadline deadline) {
    this.deadline = deadline;
    SAYS_SO.set(true);
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The signal came before.
      requested = true;
    }
  }

  /**
   * Has the process say in one line that it was asked to end, if no command says so by itself.
   *
   * @param finished whether the process ends because it is done
   * @param line what there is to say
   */
  public static void sayAtTheEnd(BooleanSupplier finished, PrintWriter err, String line) {
    Thread says =
        new Thread(
            () -> {
              if (!finished.getAsBoolean() && !SAYS_SO.get()) {
                err.println(line);
                err.flush();
              }
            },
            "farewell");
    Runtime.getRuntime().addShutdownHook(says);
  }

  /** Whether an exception says nothing but that the process is ending. */
  public static boolean isOf(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains("Shutdown in progress")) {
        return true;
      }
    }
    return false;
  }

  /** Whether the command should end. */
  public boolean requested() {
    return requested || deadline.isNear();
  }

  /** Whether it should end because its time is over, and for nothing else. */
  public boolean isTimeOver() {
    return !requested && deadline.isNear();
  }

  /** The deadline. */
  public Deadline deadline() {
    return deadline;
  }

  private void await() {
    requested = true;
    try {
      if (!finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("error: not finished within a minute; files may be missing");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    finished.countDown();
    if (!requested) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The signal came at this moment, after all was done.
        requested = true;
      }
    }
  }
}
