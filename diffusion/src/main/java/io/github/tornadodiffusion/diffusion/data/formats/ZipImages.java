package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.formats.ArchiveFiles.Content;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * The images of a zip file, which are read from it as they are needed; nothing is extracted.
 *
 * <p>The central directory of <a
 * href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE.TXT</a> is read here,
 * because the JDK refuses a whole archive for one bad entry. Here an entry that is encrypted or
 * compressed by anything but deflate counts as an image that cannot be read. Names are UTF-8 or
 * else code page 437, as that document says.
 */
public final class ZipImages {
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int MOST_COMMENT = 0xFFFF;
  private static final int LOCATOR_SIGNATURE = 0x07064b50;
  private static final int LOCATOR_BYTES = 20;
  private static final int END_64_SIGNATURE = 0x06064b50;
  private static final int END_64_BYTES = 56;
  private static final int ENTRY_SIGNATURE = 0x02014b50;
  private static final int ENTRY_BYTES = 46;
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int LOCAL_BYTES = 30;

  private static final int ENCRYPTED = 1;
  private static final int UTF_8_NAME = 1 << 11;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final int AES = 99;
  private static final long IN_EXTRA_FIELD = 0xFFFFFFFFL;
  private static final int SIZES_FIELD = 1;
  private static final int UNICODE_PATH_FIELD = 0x7075;

  /**
   * The maker of an entry determines the meaning of its attributes; those of Unix indicate links.
   */
  private static final int UNIX = 3;

  private static final int FILE_TYPE = 0xF000;
  private static final int SYMBOLIC_LINK = 0xA000;

  private static final Charset CODE_PAGE_437 = Charset.forName("IBM437");

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final MemorySegment content;
  private final ArchiveFiles files;

  private ZipImages(Path file) throws IOException {
    this.file = file;
    content = FileContent.read(file);
    files = new ArchiveFiles(file.toString());
    index();
  }

  /** Whether a file begins like a zip file. */
  public static boolean isZip(byte[] head) {
    return head.length > 3 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
  }

  /**
   * Opens a zip file.
   *
   * @throws IOException in one line if it is truncated or damaged
   */
  public static ImageSource open(Path file, Split split) throws IOException {
    return new ImageFiles(new ZipImages(file).files.complete(), split);
  }

  private void index() throws IOException {
    long end = end();
    long size = int32(end + 12);
    long offset = int32(end + 16);
    long locator = end - LOCATOR_BYTES;
    if (locator >= 0 && content.get(INT, locator) == LOCATOR_SIGNATURE) {
      // Sizes of more than 32 bits are in an earlier record, at an offset that does not count
      // anything prepended to the archive.
      end = locator - END_64_BYTES;
      check(end >= 0 && content.get(INT, end) == END_64_SIGNATURE, "its end");
      size = content.get(LONG, end + 40);
      offset = content.get(LONG, end + 48);
    }
    check(size >= 0 && size <= end && offset >= 0 && offset <= end - size, "its directory");
    // Anything prepended to the archive moves all offsets.
    long moved = end - size - offset;
    long at = end - size;
    while (at < end) {
      check(at + ENTRY_BYTES <= end && content.get(INT, at) == ENTRY_SIGNATURE, "its directory");
      long length = (long) ENTRY_BYTES + int16(at + 28) + int16(at + 30) + int16(at + 32);
      check(length <= end - at, "its directory");
      entry(content.asSlice(at, length), moved);
      at += length;
    }
  }

  /** The position of the last record of the file, which only a comment may follow. */
  private long end() throws IOException {
    long last = content.byteSize() - END_BYTES;
    for (long at = last; at >= Math.max(0, last - MOST_COMMENT); at--) {
      if (content.get(INT, at) == END_SIGNATURE && int16(at + 20) <= last - at) {
        return at;
      }
    }
    throw damaged("its end");
  }

  private void check(boolean holds, String part) throws IOException {
    if (!holds) {
      throw damaged(part);
    }
  }

  private IOException damaged(String part) {
    return new IOException("%s is truncated or damaged (%s): fetch it again".formatted(file, part));
  }

  private int int16(long offset) {
    return content.get(SHORT, offset) & 0xFFFF;
  }

  private long int32(long offset) {
    return Integer.toUnsignedLong(content.get(INT, offset));
  }

  /** Reads an entry of the directory. */
  private void entry(MemorySegment entry, long moved) {
    int flags = entry.get(SHORT, 8);
    byte[] rawName = FileContent.bytes(entry, ENTRY_BYTES, entry.get(SHORT, 28) & 0xFFFF);
    MemorySegment extra =
        entry.asSlice(ENTRY_BYTES + rawName.length, entry.get(SHORT, 30) & 0xFFFF);
    String name = name(rawName, flags, extra);
    String path = ArchiveFiles.path(name);
    if (name.endsWith("/") || name.endsWith("\\") || path.isEmpty()) {
      return;
    }
    long packed = Integer.toUnsignedLong(entry.get(INT, 20));
    long offset = Integer.toUnsignedLong(entry.get(INT, 42));
    MemorySegment sizes = field(extra, SIZES_FIELD);
    // The field holds those of the three numbers, in this order, that do not fit in their usual
    // place.
    int at = Integer.toUnsignedLong(entry.get(INT, 24)) == IN_EXTRA_FIELD ? Long.BYTES : 0;
    if (packed == IN_EXTRA_FIELD && at + Long.BYTES <= sizes.byteSize()) {
      packed = sizes.get(LONG, at);
      at += Long.BYTES;
    }
    if (offset == IN_EXTRA_FIELD && at + Long.BYTES <= sizes.byteSize()) {
      offset = sizes.get(LONG, at);
    }
    Content bytes = content(flags, entry.get(SHORT, 10) & 0xFFFF, offset + moved, packed);
    boolean link =
        entry.get(ValueLayout.JAVA_BYTE, 5) == UNIX
            && (entry.get(INT, 38) >>> 16 & FILE_TYPE) == SYMBOLIC_LINK;
    if (!link || packed > ImageFiles.MOST_CHARACTERS) {
      files.add(path, bytes);
      return;
    }
    try {
      files.addSymbolicLink(path, ArchiveFiles.text(bytes.read(), CODE_PAGE_437));
    } catch (IOException e) {
      files.add(path, bytes);
    }
  }

  private static String name(byte[] name, int flags, MemorySegment extra) {
    MemorySegment unicode = field(extra, UNICODE_PATH_FIELD);
    if ((flags & UTF_8_NAME) == 0 && unicode.byteSize() > 5) {
      CRC32 crc = new CRC32();
      crc.update(name);
      // A program that does not know the field may have changed the name.
      if (unicode.get(INT, 1) == (int) crc.getValue()) {
        return new String(
            FileContent.bytes(unicode, 5, unicode.byteSize() - 5), StandardCharsets.UTF_8);
      }
    }
    return ArchiveFiles.text(name, CODE_PAGE_437);
  }

  /** The content of an extra field; empty if there is none. */
  private static MemorySegment field(MemorySegment extra, int id) {
    long at = 0;
    while (at + 4 <= extra.byteSize()) {
      long size = extra.get(SHORT, at + 2) & 0xFFFF;
      if (size > extra.byteSize() - at - 4) {
        break;
      }
      if ((extra.get(SHORT, at) & 0xFFFF) == id) {
        return extra.asSlice(at + 4, size);
      }
      at += 4 + size;
    }
    return MemorySegment.ofArray(new byte[0]);
  }

  private Content content(int flags, int method, long offset, long packed) {
    if ((flags & ENCRYPTED) != 0 || method == AES) {
      return Content.missing("it is encrypted");
    }
    if (method != STORED && method != DEFLATED) {
      return Content.missing(
          "it is packed with %s, where only deflate is supported".formatted(method(method)));
    }
    return () -> {
      byte[] bytes = packed(offset, packed);
      return method == STORED ? bytes : inflate(bytes);
    };
  }

  private static String method(int method) {
    return switch (method) {
      case 9 -> "Deflate64";
      case 12 -> "bzip2";
      case 14 -> "LZMA";
      case 20, 93 -> "Zstandard";
      case 95 -> "xz";
      case 98 -> "PPMd";
      default -> "method " + method;
    };
  }

  /** The bytes of an entry as stored in the file, after a header of their own. */
  private byte[] packed(long offset, long size) throws IOException {
    if (offset < 0 || offset > content.byteSize() - LOCAL_BYTES) {
      throw new IOException("the archive is truncated or damaged there");
    }
    if (content.get(INT, offset) != LOCAL_SIGNATURE) {
      throw new IOException("the archive is damaged there");
    }
    long start = offset + LOCAL_BYTES + int16(offset + 26) + int16(offset + 28);
    if (size < 0 || size > content.byteSize() - start) {
      throw new IOException("the file is truncated");
    }
    FileContent.checkSize(size);
    return FileContent.bytes(content, start, size);
  }

  private static byte[] inflate(byte[] packed) throws IOException {
    Inflater inflater = new Inflater(true);
    try (InputStream input = new InflaterInputStream(new ByteArrayInputStream(packed), inflater)) {
      return FileContent.bounded(input);
    } catch (EOFException e) {
      throw new IOException("the file is truncated", e);
    } catch (ZipException e) {
      throw new IOException("the file is damaged (" + e.getMessage() + ")", e);
    } finally {
      inflater.end();
    }
  }
}
