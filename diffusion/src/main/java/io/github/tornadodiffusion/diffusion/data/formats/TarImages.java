package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import io.github.tornadodiffusion.diffusion.data.formats.ArchiveFiles.Content;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The images of a tar file, or one that is packed with gzip; nothing is extracted.
 *
 * <p>It reads POSIX ustar (IEEE 1003.1-1988) with pax paths, links and sizes (1003.1-2001), GNU's
 * long names and large sizes, and the older format of Unix V7. Links are followed. Other entries
 * count as images that cannot be read if they have the name of an image.
 */
public final class TarImages {
  private static final int BLOCK = 512;
  private static final int MAGIC = 257;
  private static final int CHECKSUM = 148;
  private static final int CHECKSUM_BYTES = 8;
  private static final int TYPE = 156;
  private static final int LINK_NAME = 157;

  /** Whether further blocks describe a sparse file: in GNU's header, and in these blocks. */
  private static final int SPARSE_MORE = 482;

  private static final int SPARSE_BLOCK_MORE = 504;

  private final Path file;
  private final MemorySegment content;
  private final ArchiveFiles files;

  /** What the entries before that of a file say about it: null or -1 if they say nothing. */
  private static final class Ahead {
    private String name;
    private String link;
    private long size = -1;
    private boolean sparse;
  }

  private TarImages(Path file) throws IOException {
    this.file = file;
    content = FileContent.read(file);
    files = new ArchiveFiles(file.toString());
    index();
  }

  /** Whether a file begins like a tar file; needs at least 512 bytes of it. */
  public static boolean isTar(byte[] head) {
    return head.length >= BLOCK && (text(head, MAGIC, 5).equals("ustar") || hasChecksum(head));
  }

  /**
   * The old format is recognised only by the sum of the header's bytes, in which the sum itself
   * counts as blanks.
   */
  private static boolean hasChecksum(byte[] header) {
    String octal = text(header, CHECKSUM, CHECKSUM_BYTES).strip();
    if (!octal.matches("[0-7]{1,7}")) {
      return false;
    }
    int unsigned = CHECKSUM_BYTES * ' ';
    int signed = unsigned;
    for (int i = 0; i < BLOCK; i++) {
      boolean counts = i < CHECKSUM || i >= CHECKSUM + CHECKSUM_BYTES;
      unsigned += counts ? header[i] & 0xFF : 0;
      signed += counts ? header[i] : 0;
    }
    int sum = Integer.parseInt(octal, 8);
    return sum == unsigned || sum == signed;
  }

  /**
   * Opens a tar file.
   *
   * @throws IOException in one line if it is truncated or damaged
   */
  public static ImageSource open(Path file, Split split) throws IOException {
    return new ImageFiles(new TarImages(file).files.complete(), split);
  }

  private void index() throws IOException {
    Ahead ahead = new Ahead();
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
      char type = (char) (header[TYPE] & 0xFF);
      long start = at + BLOCK;
      // Links, devices and directories have no content, whatever size they declare.
      boolean bare = type >= '1' && type <= '6';
      long size = bare ? 0 : ahead.size >= 0 ? ahead.size : size(header);
      if (type == 'S') {
        start = behindSparseBlocks(header, start);
      }
      if (size < 0 || size > content.byteSize() - start) {
        throw truncated();
      }
      switch (type) {
        case 'L' -> ahead.name = text(slice(start, size), 0, (int) size);
        case 'K' -> ahead.link = text(slice(start, size), 0, (int) size);
        case 'x', 'X' -> pax(slice(start, size), ahead);
        case 'g' -> {}
        default -> {
          entry(header, type, ahead, start, size);
          ahead = new Ahead();
        }
      }
      at = start + Math.ceilDiv(size, BLOCK) * BLOCK;
    }
    throw truncated();
  }

  private void entry(byte[] header, char type, Ahead ahead, long start, long size) {
    String name = ahead.name == null ? name(header) : ahead.name;
    String link = ahead.link == null ? text(header, LINK_NAME, 100) : ahead.link;
    String path = ArchiveFiles.path(name);
    if (path.isEmpty() || type == '5' || type == 'D' || type == 'V' || name.endsWith("/")) {
      return;
    }
    if (type == '1') {
      files.addHardLink(path, ArchiveFiles.path(link));
    } else if (type == '2') {
      files.addSymbolicLink(path, link);
    } else if (type == 'S' || ahead.sparse) {
      files.add(path, Content.missing("it is stored as a sparse file, which is not supported"));
    } else if (type == '0' || type == 0 || type == '7') {
      files.add(path, () -> read(start, size));
    } else {
      files.add(path, Content.missing("it is no file but an entry of the type '" + type + "'"));
    }
  }

  private byte[] read(long start, long size) throws IOException {
    FileContent.checkSize(size);
    return FileContent.bytes(content, start, size);
  }

  private long behindSparseBlocks(byte[] header, long start) throws IOException {
    long at = start;
    boolean more = header[SPARSE_MORE] != 0;
    while (more) {
      more = slice(at, BLOCK)[SPARSE_BLOCK_MORE] != 0;
      at += BLOCK;
    }
    return at;
  }

  private byte[] slice(long offset, long length) throws IOException {
    if (length > content.byteSize() - offset || length > ImageDecoder.MAX_FILE_BYTES) {
      throw truncated();
    }
    return FileContent.bytes(content, offset, length);
  }

  private IOException truncated() {
    return new IOException(file + " is truncated: fetch it again");
  }

  private static String name(byte[] header) {
    String name = text(header, 0, 100);
    // Where POSIX has the first part of the path, the older formats have nothing or other fields.
    String prefix = text(header, MAGIC, 6).equals("ustar") ? text(header, 345, 155) : "";
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

  /** Reads records of the form "length key=value" and a line break. */
  private void pax(byte[] records, Ahead ahead) throws IOException {
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
      byte[] record = Arrays.copyOfRange(records, space + 1, end - 1);
      String[] parts = ArchiveFiles.text(record, StandardCharsets.ISO_8859_1).split("=", 2);
      paxRecord(parts[0], parts.length < 2 ? "" : parts[1], ahead);
      at = end;
    }
  }

  private void paxRecord(String key, String value, Ahead ahead) throws IOException {
    switch (key) {
      case "path" -> ahead.name = ahead.sparse && ahead.name != null ? ahead.name : value;
      case "linkpath" -> ahead.link = value;
      case "GNU.sparse.name" -> ahead.name = value;
      case "size" -> {
        if (!value.matches("[0-9]{1,18}")) {
          throw damagedPax();
        }
        ahead.size = Long.parseLong(value);
      }
      default -> {}
    }
    ahead.sparse |= key.startsWith("GNU.sparse.");
  }

  private IOException damagedPax() {
    return new IOException(file + " is damaged (pax header): fetch it again");
  }

  private static String text(byte[] bytes, int offset, int length) {
    int end = offset;
    while (end < offset + length && bytes[end] != 0) {
      end++;
    }
    return ArchiveFiles.text(Arrays.copyOfRange(bytes, offset, end), StandardCharsets.ISO_8859_1);
  }
}
