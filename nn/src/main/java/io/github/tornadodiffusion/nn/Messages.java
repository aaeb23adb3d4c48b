package io.github.tornadodiffusion.nn;

import java.util.List;
import java.util.stream.Collectors;

/** Pieces of error messages, which are one line whatever a file's names contain. */
final class Messages {
  private static final int MOST_LISTED = 3;
  private static final int MOST_CHARACTERS = 120;

  private Messages() {}

  /** The text without control characters and of bearable length. */
  static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}|\\R", "?");
    return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "...";
  }

  /** The first few of many names. */
  static String firstOf(List<String> names) {
    String first =
        names.stream().limit(MOST_LISTED).map(Messages::oneLine).collect(Collectors.joining(", "));
    return names.size() <= MOST_LISTED ? first : first + ", ...";
  }
}
