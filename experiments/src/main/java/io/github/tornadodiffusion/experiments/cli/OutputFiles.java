package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Locale;

/** Checks where a command will write before it computes for minutes. */
public final class OutputFiles {
  public static final String PNG = ".png";
  public static final String SAFETENSORS = ".safetensors";
  public static final String JSON = ".json";

  private static final String READ_ONLY = "its file system is read-only";

  private OutputFiles() {}

  /**
   * Checks that the name of a file fits its content.
   *
   * @param option that names the file
   * @throws IOException in one line if not
   */
  public static void checkName(String option, Path file, String extension) throws IOException {
    if (!hasExtension(file, extension)) {
      throw new IOException(
          "%s %s does not end in %s, which the file will be; give such a name"
              .formatted(option, file, extension));
    }
  }

  private static boolean hasExtension(Path file, String extension) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(extension);
  }

  /**
   * Checks that a file can be written and makes its directory. An earlier file is only replaced if
   * its name fits the content, so that a mixed-up argument cannot destroy a file.
   *
   * @param option that names the file
   * @throws IOException in one line if not
   */
  public static void prepare(String option, Path file, String extension) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(
          "%s %s is a directory; give the name of a file".formatted(option, quoted(file)));
    }
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException("%s %s is no file; give the name of one".formatted(option, file));
    }
    if (Files.exists(file) && Files.size(file) > 0 && !hasExtension(file, extension)) {
      throw new IOException(
          "%s %s exists and is no %s file; give another name".formatted(option, file, extension));
    }
    prepareDirectory(option, file.toAbsolutePath().getParent());
  }

  private static String quoted(Path file) {
    return file.toString().isEmpty() ? "''" : file.toString();
  }

  /**
   * Makes a directory with its parents, unless it is there, and checks that it can be written to.
   *
   * @param option that names the directory or a file in it
   * @throws IOException in one line if not
   */
  public static void prepareDirectory(String option, Path directory) throws IOException {
    try {
      // A file system that is read-only may refuse to make even what is there.
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(directory);
      }
    } catch (IOException | ReadOnlyFileSystemException e) {
      throw new IOException(
          "cannot make the directory %s: %s; choose another place for %s"
              .formatted(directory, whyNot(directory, e), option),
          e);
    }
    if (!Files.isWritable(directory)) {
      throw new IOException(
          "cannot write to %s: %s; choose another place for %s"
              .formatted(
                  directory,
                  Files.getFileStore(directory).isReadOnly() ? READ_ONLY : "there is no permission",
                  option));
    }
  }

  /** Why a directory was not made: what stands where it, or one above it, should be. */
  private static String whyNot(Path directory, Exception e) throws IOException {
    Path there = directory.toAbsolutePath().normalize();
    while (there.getParent() != null && !Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
      there = there.getParent();
    }
    if (Files.isSymbolicLink(there) && !Files.exists(there)) {
      return there + " is a link that leads nowhere";
    }
    if (!Files.isDirectory(there)) {
      return there + " is a file";
    }
    return switch (e) {
      case ReadOnlyFileSystemException _ -> READ_ONLY;
      case AccessDeniedException _ -> "there is no permission to write to " + there;
      case NoSuchFileException _ -> "the system lets nobody make one in " + there;
      case FileSystemException f when f.getReason() != null -> reason(f.getReason());
      default -> Messages.line(String.valueOf(e.getMessage()));
    };
  }

  private static String reason(String system) {
    return system.startsWith("Read-only")
        ? READ_ONLY
        : "the system says '%s'".formatted(Messages.line(system));
  }

  /**
   * Checks that a disk has room for what a command will write.
   *
   * @param directory on the disk, which need not exist yet
   * @throws IOException in one line if not
   */
  public static void checkRoom(String option, Path directory, long bytes) throws IOException {
    Path there = directory.toAbsolutePath();
    while (there.getParent() != null && !Files.exists(there)) {
      there = there.getParent();
    }
    FileStore store = Files.getFileStore(there);
    // Some file systems do not report it.
    if (store.getTotalSpace() > 0 && store.getUsableSpace() < bytes) {
      throw new IOException(
          "%s needs %d MiB on disk and %d MiB are free; make room or choose another %s"
              .formatted(directory, (bytes >> 20) + 1, store.getUsableSpace() >> 20, option));
    }
  }
}
