package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The images of a tar file, or one that is packed with gzip; nothing is extracted.
 *
 * <p>Read are POSIX ustar (IEEE 1003.1-1988) with pax paths and sizes (1003.1-2001), and GNU's long
 * names and large sizes.
 */
public final class TarImages {
  private static final int BLOCK = 512;
  private static final int MAGIC = 257;

  private final Path file;
  private final MemorySegment content;
  private final Map<String, Extent> images = new HashMap<>();

  /** Where an image lies in the tar file. */
  private record Extent(long offset, long size) {}

  private TarImages(Path file) throws IOException {
    this.file = file;
    content = FileContent.read(file);
    index();
  }

  /** Whether a file begins as a tar file does; at least 512 bytes of it are needed. */
  public static boolean isTar(byte[] head) {
    return head.length >= BLOCK && text(head, MAGIC, 5).equals("ustar");
  }

  /**
   * Opens a tar file.
   *
   * @throws IOException in one line if it is truncated or damaged
   */
  public static ImageSource open(Path file, Split split) throws IOException {
    TarImages tar = new TarImages(file);
    return new ImageFiles(
        file.toString(),
        tar.images.keySet(),
        split,
        (path, imageSize, channels) -> ImageDecoder.decode(tar.read(path), imageSize, channels),
        List.of());
  }

  private byte[] read(String path) throws IOException {
    Extent extent = images.get(path);
    if (extent.size > FileContent.MAX_FILE_BYTES) {
      throw new IOException(
          "the file is larger than the %d MiB accepted"
              .formatted(FileContent.MAX_FILE_BYTES >> 20));
    }
    return FileContent.bytes(content, extent.offset, extent.size);
  }

  private void index() throws IOException {
    String longName = null;
    long longSize = -1;
    long at = 0;
    while (at < content.byteSize()) {
      byte[] header = slice(at, BLOCK);
      if (header[0] == 0) {
        // Blocks of zeros end the archive.
        return;
      }
      if (!isTar(header)) {
        throw new IOException(file + " is damaged at byte " + at + ": fetch it again");
      }
      long size = longSize >= 0 ? longSize : size(header);
      byte type = header[156];
      long start = at + BLOCK;
      if (size < 0 || size > content.byteSize() - start) {
        throw truncated();
      }
      if (type == 'L') {
        longName = text(slice(start, size), 0, (int) size);
      } else if (type == 'x') {
        byte[] records = slice(start, size);
        longName = pax(records, "path", longName);
        longSize = paxSize(records);
      } else if (type != 'g') {
        String name = longName == null ? name(header) : longName;
        if ((type == '0' || type == 0) && ImageFiles.accepts(name)) {
          images.put(name, new Extent(start, size));
        }
        longName = null;
        longSize = -1;
      }
      at = start + Math.ceilDiv(size, BLOCK) * BLOCK;
    }
    throw truncated();
  }

  private byte[] slice(long offset, long length) throws IOException {
    if (length > content.byteSize() - offset || length > FileContent.MAX_FILE_BYTES) {
      throw truncated();
    }
    return FileContent.bytes(content, offset, length);
  }

  private IOException truncated() {
    return new IOException(file + " is truncated: fetch it again");
  }

  private static String name(byte[] header) {
    String name = text(header, 0, 100);
    // GNU's own format has other fields where POSIX has the first part of the path.
    String prefix = header[MAGIC + 5] == 0 ? text(header, 345, 155) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private long size(byte[] header) throws IOException {
    if (header[124] < 0) {
      long size = 0;
      for (int i = 128; i < 136; i++) {
        size = size << 8 | header[i] & 0xFF;
      }
      return size;
    }
    String octal = text(header, 124, 12).strip();
    try {
      return octal.isEmpty() ? 0 : Long.parseLong(octal, 8);
    } catch (NumberFormatException e) {
      throw new IOException(file + " is damaged (size '" + octal + "'): fetch it again", e);
    }
  }

  /** The size that pax records give, or -1 where they give none. */
  private long paxSize(byte[] records) throws IOException {
    String size = pax(records, "size", null);
    if (size == null) {
      return -1;
    }
    if (!size.matches("[0-9]{1,18}")) {
      throw damagedPax();
    }
    return Long.parseLong(size);
  }

  /** A value among records of the form "length key=value" and a line break. */
  private String pax(byte[] records, String key, String otherwise) throws IOException {
    int at = 0;
    while (at < records.length) {
      int space = at;
      while (space < records.length && records[space] != ' ') {
        space++;
      }
      String digits = text(records, at, space - at);
      if (!digits.matches("[0-9]{1,9}")) {
        throw damagedPax();
      }
      int end = at + Integer.parseInt(digits);
      // Between the blank and the line break there may be nothing.
      if (end < space + 2 || end > records.length) {
        throw damagedPax();
      }
      String record = new String(records, space + 1, end - space - 2, StandardCharsets.UTF_8);
      if (record.startsWith(key + "=")) {
        return record.substring(key.length() + 1);
      }
      at = end;
    }
    return otherwise;
  }

  private IOException damagedPax() {
    return new IOException(file + " is damaged (pax header): fetch it again");
  }

  private static String text(byte[] bytes, int offset, int length) {
    int end = offset;
    while (end < offset + length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
  }
}
