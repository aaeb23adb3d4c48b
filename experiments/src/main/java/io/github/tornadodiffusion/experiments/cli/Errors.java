package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns an error into one line on stderr and an exit code. Exceptions that user input can cause are
 * {@link IllegalArgumentException} and {@link IOException}; everything else is a failure of the
 * program.
 */
public final class Errors {
  /** Exit code for bad usage or input. */
  public static final int BAD_INPUT = 2;

  /** Exit code for a failure. */
  public static final int FAILURE = 1;

  private Errors() {}

  /** Handles a command line that cannot be parsed. */
  public static int badUsage(ParameterException e, String[] args) {
    CommandLine commandLine = e.getCommandLine();
    PrintWriter err = commandLine.getErr();
    String cause = Messages.line(e.getMessage()).replaceFirst("^Error: ", "");
    String mend = "";
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        mend = "did you mean " + String.join(" or ", suggestions.stream().limit(3).toList()) + "? ";
      }
    }
    print(
        err,
        cause + "; " + mend + "see " + commandLine.getCommandSpec().qualifiedName() + " --help");
    trace(err, e, List.of(args).contains("--verbose"));
    return BAD_INPUT;
  }

  /** Handles a command that threw an exception. */
  public static int failed(Exception e, CommandLine commandLine, ParseResult parsed) {
    PrintWriter err = commandLine.getErr();
    if (Interruption.isOf(e)) {
      return FAILURE;
    }
    print(err, message(e));
    trace(err, e, isVerbose(parsed));
    return isBadInput(e) ? BAD_INPUT : FAILURE;
  }

  /** Handles errors outside of commands: an invalid plug-in, or a heap that is too small. */
  public static int failed(Throwable e, PrintWriter err, String... args) {
    if (Interruption.isOf(e)) {
      return FAILURE;
    }
    print(err, message(e));
    trace(err, e, List.of(args).contains("--verbose"));
    return isBadInput(e) ? BAD_INPUT : FAILURE;
  }

  /** Handles results that could not be printed: a writer does not throw, it only sets a flag. */
  public static int lostOutput(PrintWriter err) {
    print(
        err, "standard output took no more, what was to be printed is lost; check where it leads");
    return FAILURE;
  }

  /**
   * The path of a value on the command line.
   *
   * @throws TypeConversionException in one line if the system cannot have a file of that name
   */
  public static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new TypeConversionException(message(e));
    }
  }

  private static boolean isVerbose(ParseResult parsed) {
    return parsed.hasMatchedOption("--verbose")
        || (parsed.hasSubcommand() && isVerbose(parsed.subcommand()));
  }

  private static boolean isBadInput(Throwable e) {
    return e instanceof IllegalArgumentException
        || e instanceof IOException
        || e instanceof UncheckedIOException;
  }

  /** What an exception says, in one line. */
  public static String message(Throwable e) {
    return switch (e) {
      case UncheckedIOException unchecked -> message(unchecked.getCause());
      case NoSuchFileException missing ->
          "there is no file " + missing.getFile() + "; give the path of one that exists";
      case FileNotFoundException missing -> missing.getMessage() + "; give a path that exists";
      case AccessDeniedException denied ->
          "no permission for " + denied.getFile() + "; change it or choose another path";
      case NotDirectoryException file ->
          file.getFile() + " is not a directory; choose another path";
      case FileSystemException system when noSpace(system) ->
          system.getFile()
              + " cannot be written, the disk is full; free space or choose another"
              + " disk";
      case IOException io when noSpace(io) -> "the disk is full; free space or choose another disk";
      case OutOfMemoryError memory ->
          "memory ran out: %d MiB of heap is too little; use a smaller --batch or %s"
              .formatted(Runtime.getRuntime().maxMemory() >> 20, MemoryNeed.LARGER_HEAP);
      case InvalidPathException name when name.getReason().contains("unmappable") ->
          "the name '%s' has characters that files cannot have in this locale (%s)"
                  .formatted(name.getInput(), System.getProperty("sun.jnu.encoding"))
              + "; set LC_ALL to one with UTF-8, for example C.UTF-8";
      case InvalidPathException name ->
          "'%s' is no name of a file (%s); give another"
              .formatted(name.getInput(), name.getReason());
      case IllegalStateException stopped when stopped.getMessage() != null -> stopped.getMessage();
      case IllegalArgumentException user when user.getMessage() != null -> user.getMessage();
      case IOException io when io.getMessage() != null -> io.getMessage();
      default -> e + "; run again with --verbose for the stack trace";
    };
  }

  /** The message of the system; a message that names the file is left as it is. */
  private static boolean noSpace(IOException e) {
    String text = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
    return text != null && text.startsWith("No space left");
  }

  private static void print(PrintWriter err, String message) {
    Together.error(err, Messages.line(message));
  }

  private static void trace(PrintWriter err, Throwable e, boolean verbose) {
    if (verbose) {
      e.printStackTrace(err);
      err.flush();
    }
  }
}
