package io.github.tornadodiffusion.experiments.report;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A table of a report; columns of numbers are aligned to the right.
 *
 * @param caption what it shows, with the marks of {@link Report#paragraph}; empty for none
 * @param header the names of the columns, with their units
 * @param rows each with as many cells as the header, with the same marks
 */
public record Table(String caption, List<String> header, List<List<String>> rows) {
  private static final String ONE = "-?([0-9][0-9.,]*([eE][+-]?[0-9]+)?|NaN|∞)";
  private static final Pattern NUMBER =
      Pattern.compile("(%1$s( ?%%)?( ± %1$s)?( \\[%1$s, %1$s\\])?)?".formatted(ONE));

  /**
   * Copies the cells.
   *
   * @throws IllegalArgumentException for a row of another width than the header's
   */
  public Table {
    header = List.copyOf(header);
    rows = rows.stream().map(List::copyOf).toList();
    for (List<String> row : rows) {
      if (row.size() != header.size()) {
        throw new IllegalArgumentException(
            "the row %s has %d cells under %d headings; give one for each"
                .formatted(row, row.size(), header.size()));
      }
    }
  }

  /**
   * A column of a table of things.
   *
   * @param cell what the cell of a thing says
   */
  public record Column<T>(String heading, Function<T, String> cell) {}

  /** A column of a table of things. */
  public static <T> Column<T> column(String heading, Function<T, String> cell) {
    return new Column<>(heading, cell);
  }

  /** A table with a row for each thing. */
  @SafeVarargs
  @SuppressWarnings("varargs") // the columns are only read
  public static <T> Table of(String caption, Collection<T> things, Column<T>... columns) {
    return new Table(
        caption,
        Arrays.stream(columns).map(Column::heading).toList(),
        things.stream()
            .map(thing -> Arrays.stream(columns).map(column -> column.cell().apply(thing)).toList())
            .toList());
  }

  /** Whether a column contains only numbers, apart from empty cells. */
  boolean numeric(int column) {
    return rows.stream().allMatch(row -> NUMBER.matcher(row.get(column)).matches());
  }

  /** The table as Markdown, without its caption. */
  public String markdown() {
    StringBuilder text = new StringBuilder(line(header));
    text.append(
        line(
            IntStream.range(0, header.size())
                .mapToObj(column -> numeric(column) ? "---:" : "---")
                .toList()));
    rows.forEach(row -> text.append(line(row)));
    return text.toString();
  }

  private static String line(List<String> cells) {
    return cells.stream()
        .map(cell -> Inline.markdown(cell).replace("|", "\\|").replaceAll("\\R", " "))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  /** The table as HTML in a box that scrolls by itself on narrow screens. */
  public String html() {
    StringBuilder html = new StringBuilder("<div class=\"scroll\" tabindex=\"0\">\n<table>\n");
    if (!caption.isEmpty()) {
      html.append("<caption><span>%s</span></caption>\n".formatted(Inline.html(caption)));
    }
    html.append("<thead><tr>").append(cells(header, "th scope=\"col\"", "th"));
    html.append("</tr></thead>\n<tbody>\n");
    rows.forEach(row -> html.append("<tr>").append(cells(row, "td", "td")).append("</tr>\n"));
    return html.append("</tbody>\n</table>\n</div>\n").toString();
  }

  private String cells(List<String> cells, String open, String close) {
    return IntStream.range(0, cells.size())
        .mapToObj(column ->
            "<%s%s>%s</%s>"
                .formatted(
                    open,
                    numeric(column) ? " class=\"number\"" : "",
                    Inline.html(cells.get(column)),
                    close))
        .collect(Collectors.joining());
  }
}
