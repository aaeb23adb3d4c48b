package io.github.tornadodiffusion.nn.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Directories that are either completely there or not at all: their files are written to a
 * temporary directory beside the target and flushed to the disk, and then the directory is renamed
 * in one step.
 */
public final class AtomicDirectories {
  private AtomicDirectories() {}

  /** Writes the files of a directory. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything into the directory, with {@link AtomicFiles}. */
    void writeTo(Path directory) throws IOException;
  }

  /**
   * Writes a directory; an earlier one of that name is removed once the new one is complete.
   *
   * @param directory whose parent exists: the parent is not made, because one that has disappeared
   *     may belong to a disk that is no longer mounted
   * @throws IOException in one line naming the directory and the cause; an earlier one is unchanged
   */
  public static void write(Path directory, Content content) throws IOException {
    Path temporary = AtomicFiles.temporary(directory);
    try {
      if (!Files.isDirectory(directory.toAbsolutePath().getParent())) {
        throw new IOException("its directory has gone");
      }
      Files.createDirectory(temporary);
      content.writeTo(temporary);
      AtomicFiles.forceDirectory(temporary);
      remove(directory);
      Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
      AtomicFiles.forceDirectory(directory.toAbsolutePath().getParent());
    } catch (IOException e) {
      throw new IOException(
          "Cannot write %s: %s; make room or choose another place"
              .formatted(directory, Messages.reason(first(e))),
          e);
    } finally {
      delete(temporary);
    }
  }

  /**
   * Removes a directory, if it exists, such that a part of it is never visible.
   *
   * @throws IOException if it cannot be removed
   */
  public static void remove(Path directory) throws IOException {
    if (Files.exists(directory)) {
      Path temporary = AtomicFiles.temporary(directory);
      Files.move(directory, temporary, StandardCopyOption.ATOMIC_MOVE);
      delete(temporary);
    }
  }

  /** The cause that a message of {@link AtomicFiles} is about. */
  private static IOException first(IOException e) {
    return e.getCause() instanceof IOException cause ? first(cause) : e;
  }

  /** Deletes a file, or a directory with its content, if it exists. */
  public static void delete(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> files = Files.walk(path)) {
      all = files.toList();
    }
    for (Path file : all.reversed()) {
      Files.deleteIfExists(file);
    }
  }
}
