package io.github.tornadodiffusion.experiments.cli;

import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IHelpSectionRenderer;

/** Fits the help of all commands into the columns of a terminal. */
public final class HelpWidth {
  /** Lines that are longer are hard to read. */
  private static final int MOST = 120;

  /** picocli takes no less; below, its lines are wrapped once more. */
  private static final int LEAST = 55;

  private static final int INDENT = 4;

  private HelpWidth() {}

  /**
   * Has help wrap.
   *
   * @param columns of the terminal
   */
  public static void apply(CommandLine commandLine, int columns) {
    commandLine.setUsageHelpWidth(Math.clamp(columns, LEAST, MOST));
    if (columns < LEAST) {
      // Colours are characters that take no column: so narrow, there are none.
      commandLine.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
      wrapAll(commandLine, columns);
    }
  }

  private static void wrapAll(CommandLine commandLine, int columns) {
    commandLine.getHelpSectionMap().replaceAll((key, section) -> wrapped(section, columns));
    commandLine.getSubcommands().values().forEach(sub -> wrapAll(sub, columns));
  }

  private static IHelpSectionRenderer wrapped(IHelpSectionRenderer section, int columns) {
    return help ->
        section
            .render(help)
            .lines()
            .map(line -> wrap(line, columns) + System.lineSeparator())
            .collect(Collectors.joining());
  }

  /** A line as several, at spaces; what comes after the first is indented. */
  static String wrap(String line, int columns) {
    if (line.length() <= columns) {
      return line;
    }
    int content = line.length() - line.stripLeading().length();
    // A description in a column of its own keeps less of it, for there is little room.
    String indent =
        " ".repeat(Math.min(content, columns / 4) + (content > columns / 4 ? 0 : INDENT));
    StringBuilder wrapped = new StringBuilder();
    String rest =
        content > columns / 4
            ? indent + line.stripLeading()
            : line.replaceAll("(?<=\\S) {2,}", " ");
    while (rest.length() > columns) {
      int space = rest.lastIndexOf(' ', columns);
      int from = rest.length() - rest.stripLeading().length();
      int end = space > from ? space : columns;
      wrapped.append(rest.substring(0, end).stripTrailing()).append(System.lineSeparator());
      rest = indent + rest.substring(end).strip();
    }
    return wrapped.append(rest).toString();
  }
}
