package io.github.tornadodiffusion.nn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Files that are either written completely or not at all: the bytes are written to a temporary file
 * in the same directory and flushed to the disk, and then the file is renamed in one step. After
 * any failure, for example a full disk, the earlier file is intact and the temporary file is
 * removed.
 */
public final class AtomicFiles {
  private static final String TEMPORARY = ".tmp";

  private AtomicFiles() {}

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything to the channel. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Opens a temporary file for writing; tests open one that fails. */
  @FunctionalInterface
  interface Opener {
    FileChannel open(Path file) throws IOException;
  }

  /** Writes UTF-8 text, see {@link #write(Path, Content)}. */
  public static void write(Path file, String text) throws IOException {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes bytes, see {@link #write(Path, Content)}. */
  public static void write(Path file, byte[] bytes) throws IOException {
    write(file, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  /**
   * Writes a file, replacing an earlier one; a link is kept and its target is replaced.
   *
   * @param file the file, in a directory that exists
   * @throws IOException in one line naming the file and the cause
   */
  public static void write(Path file, Content content) throws IOException {
    write(
        file,
        content,
        temporary ->
            FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
  }

  static void write(Path file, Content content, Opener opener) throws IOException {
    Path target = target(file);
    Path temporary = temporary(target);
    try {
      try (FileChannel channel = opener.open(temporary)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new IOException(
          "Cannot write %s: %s; any earlier file is unchanged, make room or choose another place"
              .formatted(file, Messages.reason(e)),
          e);
    } finally {
      Files.deleteIfExists(temporary);
    }
    forceDirectory(target.getParent());
  }

  /** A unique name beside a target. */
  static Path temporary(Path target) {
    return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + TEMPORARY);
  }

  /** The file to replace: the target of any links, which are kept. */
  private static Path target(Path file) throws IOException {
    Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    if (target.getParent() == null || !Files.isDirectory(target.getParent())) {
      throw new IOException(
          "Cannot write %s: there is no directory %s; make it first"
              .formatted(file, target.getParent()));
    }
    if (Files.isDirectory(target)) {
      throw new IOException(
          "Cannot write %s: it is a directory; choose another name".formatted(file));
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      // Replacing a device such as /dev/null would remove the device from the system.
      throw new IOException(
          "Cannot write %s: it is a device, a pipe or a socket; choose another name"
              .formatted(file));
    }
    return target;
  }

  /**
   * Removes the temporary files and directories that writers left in a directory when they were
   * killed. There must be no writer at work there.
   *
   * @throws IOException if one cannot be removed
   */
  public static void removeLeftovers(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(AtomicFiles::isLeftover).toList()) {
        AtomicDirectories.delete(file);
      }
    }
  }

  private static boolean isLeftover(Path file) {
    return file.getFileName().toString().matches("\\..+\\.[0-9a-f-]{36}\\" + TEMPORARY);
  }

  /** Writes everything that remains in the buffer. */
  static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /**
   * Makes a directory and its parents, if they do not exist.
   *
   * @throws IOException in one line naming the directory and the cause
   */
  public static void makeDirectory(Path directory) throws IOException {
    try {
      Files.createDirectories(directory);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          "Cannot make the directory %s: a file has that name; choose another".formatted(directory),
          e);
    } catch (IOException e) {
      throw new IOException(
          "Cannot make the directory %s: %s; choose another place"
              .formatted(directory, Messages.reason(e)),
          e);
    }
  }

  /** Makes the new name survive a power cut, where the system can open a directory for that. */
  static void forceDirectory(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows cannot open directories; the file itself is safe already.
      return;
    }
  }
}
