package io.github.tornadodiffusion.experiments.notebook;

import java.util.List;

/** Why a cell could not be run to its end, as lines to show below it. */
final class CellError extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final transient List<String> lines;

  /**
   * An error.
   *
   * @param lines the first says what it is
   */
  CellError(List<String> lines) {
    super(lines.getFirst(), null, false, false);
    this.lines = List.copyOf(lines);
  }

  List<String> lines() {
    return lines;
  }
}
