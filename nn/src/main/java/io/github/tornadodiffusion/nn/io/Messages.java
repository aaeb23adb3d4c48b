package io.github.tornadodiffusion.nn.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** Pieces of error messages, which are one line whatever the names in a file contain. */
public final class Messages {
  private static final int MOST_LISTED = 3;
  private static final int MOST_CHARACTERS = 120;
  private static final int MOST_OF_BEGINNING = 500;
  private static final int MOST_OF_END = 250;

  private Messages() {}

  /**
   * A complete message without line breaks and control characters, which names in files may
   * contain. Of a very long message the middle is cut out, because the cause is at its start and
   * the remedy at its end. A missing message becomes an empty one.
   */
  public static String line(String message) {
    String line =
        Objects.toString(message, "")
            .strip()
            .replaceAll("\\s*\\R+\\s*", " ")
            .replaceAll("\\p{Cntrl}|[\\x80-\\x9f\\ud800-\\udfff]", "?");
    return line.length() <= MOST_OF_BEGINNING + MOST_OF_END
        ? line
        : line.substring(0, MOST_OF_BEGINNING)
            + " ... "
            + line.substring(line.length() - MOST_OF_END);
  }

  /** A name or a value from elsewhere, as a part of a message: a {@link #line} that is short. */
  public static String piece(String text) {
    String line = line(text.replaceAll("\\R|\\p{Cntrl}", "?"));
    return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "...";
  }

  /** Why a file could not be read or written, without the file's name. */
  static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "it does not exist";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException f when f.getReason() != null -> piece(f.getReason());
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : piece(e.getMessage());
    };
  }

  /** The first few names of a list. */
  public static String firstOf(List<String> names) {
    String first =
        names.stream().limit(MOST_LISTED).map(Messages::piece).collect(Collectors.joining(", "));
    return names.size() <= MOST_LISTED ? first : first + ", ...";
  }
}
