package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The bytes of files with random access: mapped, or unpacked into memory. */
public final class FileContent {
  /** Several files are unpacked at the same time, each into pieces that are then joined. */
  private static final int HEAP_PER_FILE = 32;

  private FileContent() {}

  /** Whether a file is compressed with gzip. */
  static boolean isGzip(byte[] head) {
    return head.length > 2 && head[0] == 0x1F && head[1] == (byte) 0x8B;
  }

  /** The first bytes of a file, fewer if it is shorter; unpacked if it is compressed. */
  public static byte[] head(Path file, int length) throws IOException {
    byte[] head;
    try (InputStream input = Files.newInputStream(file)) {
      head = input.readNBytes(length);
    }
    if (!isGzip(head)) {
      return head;
    }
    try (InputStream input = new GZIPInputStream(Files.newInputStream(file))) {
      return input.readNBytes(length);
    } catch (EOFException | ZipException e) {
      throw damaged(file, e);
    }
  }

  /**
   * All bytes of a file; those of a file that is packed with gzip, unpacked.
   *
   * @throws IOException in one line if it is truncated or does not fit into memory
   */
  static MemorySegment read(Path file) throws IOException {
    if (!isGzip(rawHead(file))) {
      try (FileChannel channel = FileChannel.open(file)) {
        return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
      }
    }
    int limit = (int) Math.min(Integer.MAX_VALUE - 16, Runtime.getRuntime().maxMemory() / 4);
    try (InputStream input = new GZIPInputStream(Files.newInputStream(file), 1 << 16)) {
      byte[] content = input.readNBytes(limit);
      if (content.length == limit && input.read() >= 0) {
        throw new IOException(
            "%s unpacks to more than the %d MiB that are there for it: unpack it with gunzip first"
                .formatted(file, limit >> 20));
      }
      return MemorySegment.ofArray(content);
    } catch (EOFException | ZipException e) {
      throw damaged(file, e);
    }
  }

  private static byte[] rawHead(Path file) throws IOException {
    try (InputStream input = Files.newInputStream(file)) {
      return input.readNBytes(3);
    }
  }

  private static IOException damaged(Path file, IOException e) {
    return new IOException(
        file
            + (e instanceof EOFException ? " is truncated" : " is damaged")
            + " (gzip): fetch it again",
        e);
  }

  /**
   * All bytes of a compressed image file. Only unpacking it shows how many there are.
   *
   * @throws IOException in one line if there are more than are accepted
   */
  static byte[] bounded(InputStream input) throws IOException {
    int most =
        (int)
            Math.min(ImageDecoder.MAX_FILE_BYTES, Runtime.getRuntime().maxMemory() / HEAP_PER_FILE);
    byte[] content = input.readNBytes(most + 1);
    if (content.length > most) {
      throw new IOException("the file is larger than the %d MiB accepted".formatted(most >> 20));
    }
    return content;
  }

  /**
   * Refuses a file in an archive that is too large to be an image.
   *
   * @throws IOException in one line
   */
  static void checkSize(long size) throws IOException {
    if (size > ImageDecoder.MAX_FILE_BYTES) {
      throw new IOException(
          "the file is larger than the %d MiB accepted"
              .formatted(ImageDecoder.MAX_FILE_BYTES >> 20));
    }
  }

  /** A copy of some bytes. */
  static byte[] bytes(MemorySegment content, long offset, long length) {
    return content.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
  }
}
