package io.github.tornadodiffusion.nn.graph;

/** Checks the lengths of arrays that callers pass. */
public final class HostLength {
  private HostLength() {}

  /**
   * Checks how many values the host gives.
   *
   * @throws IllegalArgumentException if there are not exactly as many values as the batch needs
   */
  public static void check(String what, int given, int needed) {
    if (given != needed) {
      throw new IllegalArgumentException(
          "There are %d %s where the batch needs %d: give exactly that many"
              .formatted(given, what, needed));
    }
  }
}
