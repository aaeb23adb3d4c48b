package io.github.tornadodiffusion.experiments.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** A table of values as CSV after RFC 4180, with every digit of numbers; missing ones are empty. */
public final class Csv {
  private final StringBuilder text = new StringBuilder();
  private final int columns;

  /** An empty table. */
  public Csv(List<String> header) {
    columns = header.size();
    line(header);
  }

  /**
   * Adds a row.
   *
   * @param values numbers, texts and booleans; null and numbers that are not finite are missing
   * @throws IllegalArgumentException for another number of values than of columns
   */
  public Csv row(List<?> values) {
    if (values.size() != columns) {
      throw new IllegalArgumentException(
          "%d values do not fit %d columns; give one for each".formatted(values.size(), columns));
    }
    List<String> cells = new ArrayList<>();
    for (Object value : values) {
      boolean missing = value instanceof Double number && !Double.isFinite(number);
      cells.add(missing ? "" : Objects.toString(value, ""));
    }
    line(cells);
    return this;
  }

  private void line(List<String> cells) {
    text.append(cells.stream().map(Csv::quoted).collect(Collectors.joining(",", "", "\n")));
  }

  private static String quoted(String cell) {
    return cell.matches("(?s).*[,\"\r\n].*") ? '"' + cell.replace("\"", "\"\"") + '"' : cell;
  }

  /** The whole text. */
  public String text() {
    return text.toString();
  }
}
