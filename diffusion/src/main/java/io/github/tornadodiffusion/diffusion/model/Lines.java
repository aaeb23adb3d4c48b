package io.github.tornadodiffusion.diffusion.model;

import io.github.tornadodiffusion.nn.io.Messages;

/** Messages for people who read them on one line. */
public final class Lines {
  private Lines() {}

  /** The message on one line of bearable length, see {@link Messages#line}. */
  public static String one(String message) {
    return Messages.line(message);
  }
}
