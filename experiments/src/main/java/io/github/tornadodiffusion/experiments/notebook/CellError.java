package io.github.tornadodiffusion.experiments.notebook;

import java.util.List;

/** The reason why a cell failed, as lines to show below it. */
final class CellError extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final transient List<String> lines;

  /**
   * An error.
   *
   * @param lines of which the first says what went wrong
   */
  CellError(List<String> lines) {
    super(lines.getFirst(), null, false, false);
    this.lines = List.copyOf(lines);
  }

  List<String> lines() {
    return lines;
  }
}
