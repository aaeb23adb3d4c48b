package io.github.tornadodiffusion.diffusion;

/** Messages for people who read them on one line. */
public final class Lines {
  private Lines() {}

  /** The text with line breaks, which file names may contain, as spaces. */
  public static String one(String message) {
    return message.replaceAll("\\s*[\\r\\n]+\\s*", " ");
  }
}
