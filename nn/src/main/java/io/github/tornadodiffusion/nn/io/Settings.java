package io.github.tornadodiffusion.nn.io;

/** Values of configurations. */
public final class Settings {
  private Settings() {}

  /**
   * Checks a value.
   *
   * @param key what it configures
   * @param allowed what it must be, for the message
   * @throws IllegalArgumentException naming key, value and what is allowed
   */
  public static void check(boolean holds, String key, Object value, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(key + " is " + value + ": it must be " + allowed);
    }
  }
}
