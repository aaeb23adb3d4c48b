package io.github.tornadodiffusion.nn.distributed;

import java.io.Serial;

/** A process that the others need has ended, does not answer, or computes other numbers. */
public final class LostProcessException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1;

  /** Says in one line which process it is. */
  public LostProcessException(String message) {
    super(message);
  }
}
