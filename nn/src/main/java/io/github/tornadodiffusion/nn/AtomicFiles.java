package io.github.tornadodiffusion.nn;

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

/**
 * Files that are either wholly written or not at all: the bytes go to a temporary file in the same
 * directory, reach the disk, and then take the name in one step. After any failure, a full disk for
 * example, the earlier file is whole and the temporary file is gone.
 */
public final class AtomicFiles {
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
   * Writes a file, replacing an earlier one.
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
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new IOException(
          "Cannot write %s: there is no directory %s; make it first".formatted(file, directory));
    }
    if (Files.isDirectory(file)) {
      throw new IOException(
          "Cannot write %s: it is a directory; choose another name".formatted(file));
    }
    Path temporary = directory.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel = opener.open(temporary)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new IOException(
          "Cannot write %s: %s; any earlier file is unchanged, make room or choose another place"
              .formatted(file, Messages.reason(e)),
          e);
    } finally {
      Files.deleteIfExists(temporary);
    }
    forceDirectory(directory);
  }

  /** Writes all that remains in the buffer. */
  static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /**
   * Makes a directory and those above it, if they are not there.
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
  private static void forceDirectory(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows cannot open directories; the file itself is safe already.
      return;
    }
  }
}
