package io.github.tornadodiffusion.experiments.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a command end in an orderly way when the process is asked to end (Ctrl-C, SIGTERM) or its
 * time is over. After a signal the JVM waits until the command has seen {@link #requested} and has
 * closed this, or for a minute, and exits with 128 plus the signal's number.
 */
public final class Interruption implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;

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
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Whether the command should end. */
  public boolean requested() {
    return requested || deadline.isNear();
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
      Runtime.getRuntime().removeShutdownHook(hook);
    }
  }
}
