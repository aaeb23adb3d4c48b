package io.github.tornadodiffusion.experiments.report;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table for LaTeX, with the rules of the package booktabs. */
final class LatexTable {
  /** What LaTeX takes as a command, and letters that its usual fonts lack. */
  private static final Map<String, String> LETTERS =
      Map.ofEntries(
          Map.entry("\\", "\\textbackslash{}"),
          Map.entry("{", "\\{"),
          Map.entry("}", "\\}"),
          Map.entry("$", "\\$"),
          Map.entry("&", "\\&"),
          Map.entry("%", "\\%"),
          Map.entry("#", "\\#"),
          Map.entry("_", "\\_"),
          Map.entry("~", "\\textasciitilde{}"),
          Map.entry("^", "\\textasciicircum{}"),
          Map.entry("<", "\\textless{}"),
          Map.entry(">", "\\textgreater{}"),
          Map.entry("|", "\\textbar{}"),
          Map.entry("\"", "\\textquotedbl{}"),
          Map.entry("\u2212", "$-$"),
          Map.entry("\u00b1", "$\\pm$"),
          Map.entry("\u00d7", "$\\times$"),
          Map.entry("\u221e", "$\\infty$"),
          Map.entry("\u03b2", "$\\beta$"),
          Map.entry("\u03c3", "$\\sigma$"),
          Map.entry("\u00b2", "\\textsuperscript{2}"),
          Map.entry("\u2026", "\\ldots{}"),
          Map.entry("\u00a0", "~"),
          Map.entry("\u2265", "$\\ge$"),
          Map.entry("\u2264", "$\\le$"));

  private LatexTable() {}

  /**
   * The table as a float with caption and label.
   *
   * @param name of its label, after {@code tab:}
   */
  static String text(Table table, String name) {
    String columns =
        IntStream.range(0, table.header().size())
            .mapToObj(column -> table.numeric(column) ? "r" : "l")
            .collect(Collectors.joining());
    StringBuilder text =
        new StringBuilder("% \\usepackage{booktabs}\n\\begin{table}\n\\centering\n");
    if (!table.caption().isEmpty()) {
      text.append("\\caption{%s}\n".formatted(inline(table.caption())));
    }
    text.append("\\label{tab:%s}\n\\begin{tabular}{%s}\n\\toprule\n".formatted(name, columns));
    text.append(line(table.header())).append("\\midrule\n");
    table.rows().forEach(row -> text.append(line(row)));
    return text.append("\\bottomrule\n\\end{tabular}\n\\end{table}\n").toString();
  }

  private static String line(List<String> cells) {
    return cells.stream().map(LatexTable::cell).collect(Collectors.joining(" & ", "", " \\\\\n"));
  }

  /** A cell that begins with a bracket would be an option of the line before it. */
  private static String cell(String text) {
    String inline = inline(text);
    return inline.startsWith("[") || inline.startsWith("*") ? "{}" + inline : inline;
  }

  /** Text with the marks of {@link Report#paragraph}. */
  static String inline(String text) {
    return Inline.marked(
        text,
        LatexTable::escape,
        code -> "\\texttt{%s}".formatted(escape(code)),
        bold -> "\\textbf{%s}".formatted(inline(bold)));
  }

  private static String escape(String text) {
    return text.replaceAll("\\R", " ")
        .codePoints()
        .mapToObj(Character::toString)
        .map(letter -> LETTERS.getOrDefault(letter, letter))
        .collect(Collectors.joining());
  }
}
