package io.github.tornadodiffusion.nn;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
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

  /** Why a file could not be read or written, without the file's name. */
  static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "it does not exist";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException f when f.getReason() != null -> oneLine(f.getReason());
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : oneLine(e.getMessage());
    };
  }

  /** The first few of many names. */
  static String firstOf(List<String> names) {
    String first =
        names.stream().limit(MOST_LISTED).map(Messages::oneLine).collect(Collectors.joining(", "));
    return names.size() <= MOST_LISTED ? first : first + ", ...";
  }
}
