package io.github.tornadodiffusion.experiments;

import java.util.List;
import java.util.stream.Collectors;

/** Text of reports. */
final class Markdown {
  private Markdown() {}

  /**
   * A table; the first column is aligned to the left, the others to the right.
   *
   * @param header as many cells as every row has
   */
  static String table(List<String> header, List<List<String>> rows) {
    StringBuilder text = new StringBuilder(line(header));
    text.append(
        line(
            header.stream().map(cell -> cell.equals(header.getFirst()) ? "---" : "---:").toList()));
    rows.forEach(row -> text.append(line(row)));
    return text.toString();
  }

  private static String line(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
