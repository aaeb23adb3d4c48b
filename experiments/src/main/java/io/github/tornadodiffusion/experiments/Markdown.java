package io.github.tornadodiffusion.experiments;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Text of reports. */
final class Markdown {
  private static final Pattern NUMBER = Pattern.compile("(-?[0-9][0-9.e+-]*)?");

  private Markdown() {}

  /**
   * A table; columns of numbers are aligned to the right.
   *
   * @param header as many cells as every row has
   */
  static String table(List<String> header, List<List<String>> rows) {
    StringBuilder text = new StringBuilder(line(header));
    text.append(
        line(
            IntStream.range(0, header.size())
                .mapToObj(column ->
                    rows.stream().allMatch(row -> NUMBER.matcher(row.get(column)).matches())
                        ? "---:"
                        : "---")
                .toList()));
    rows.forEach(row -> text.append(line(row)));
    return text.toString();
  }

  private static String line(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
