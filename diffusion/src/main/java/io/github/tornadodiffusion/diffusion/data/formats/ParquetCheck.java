package io.github.tornadodiffusion.diffusion.data.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks the metadata of a Parquet file before the library relies on them: lengths, numbers of rows
 * and sizes of pages must fit the file, each other and the memory. The library would allocate any
 * length that is declared, and search for ever for a missing page.
 *
 * <p>The numbers are those of the fields in <a
 * href="https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift">parquet.thrift</a>.
 */
final class ParquetCheck {
  private static final int MAGIC_BYTES = 4;
  private static final int TAIL_BYTES = MAGIC_BYTES + Integer.BYTES;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Several pages are unpacked at the same time. */
  private static final int HEAP_PER_PAGE = 16;

  /** A footer takes several times its length while it is read. */
  private static final int HEAP_PER_FOOTER = 64;

  private final MemorySegment content;
  private final long footerStart;

  private ParquetCheck(MemorySegment content) throws IOException {
    this.content = content;
    long size = content.byteSize();
    check(size >= MAGIC_BYTES + TAIL_BYTES, "it is too short");
    long footer = content.get(INT, size - TAIL_BYTES);
    check(
        footer > 0 && footer <= size - MAGIC_BYTES - TAIL_BYTES,
        "its footer claims " + footer + " bytes");
    long heap = Runtime.getRuntime().maxMemory();
    check(
        footer <= heap / HEAP_PER_FOOTER,
        "its footer of " + footer + " bytes is too large for a heap of " + (heap >> 20) + " MiB");
    footerStart = size - TAIL_BYTES - footer;
  }

  /**
   * Checks a file.
   *
   * @return the number of its rows
   * @throws IOException that says in a few words what is wrong
   */
  static int rows(Path file) throws IOException {
    MemorySegment content = FileContent.read(file);
    ParquetCheck check = new ParquetCheck(content);
    return check.rows();
  }

  private int rows() throws IOException {
    // The tail is not part of the footer, and a damaged footer must not extend into it.
    MemorySegment footer = content.asSlice(0, content.byteSize() - TAIL_BYTES);
    ThriftStruct file = ThriftStruct.read(footer, footerStart);
    long rows = file.number(3, -1);
    long inGroups = 0;
    for (ThriftStruct group : file.structs(4)) {
      long its = group.number(3, -1);
      check(its >= 0 && its <= rows - inGroups, "its parts have other numbers of rows than it has");
      inGroups += its;
      for (ThriftStruct column : group.structs(1)) {
        column(column);
      }
    }
    check(rows == inGroups, "its parts have other numbers of rows than it has");
    // Memory is allocated for each row, so the number of rows must be backed by data.
    check(
        rows <= Math.min(content.byteSize(), Integer.MAX_VALUE - 8),
        "it cannot hold " + rows + " rows");
    return (int) rows;
  }

  private void column(ThriftStruct column) throws IOException {
    ThriftStruct data = column.struct(3);
    long first = data.number(9, -1);
    long dictionary = data.number(11, 0);
    long start = dictionary > 0 ? Math.min(dictionary, first) : first;
    long length = data.number(7, -1);
    check(
        start >= MAGIC_BYTES && length >= 0 && length <= footerStart - start,
        "a column lies outside of it");
    // A chunk of a damaged file must not extend into the next one, so it is read separately.
    MemorySegment chunk = content.asSlice(0, start + length);
    Map<Long, Long> pages = new HashMap<>();
    long values = 0;
    long at = start;
    while (at < start + length) {
      ThriftStruct page = ThriftStruct.read(chunk, at);
      long packed = page.number(3, -1);
      check(packed >= 0 && packed <= start + length - page.end(), "a page lies outside of it");
      values += values(page, packed);
      pages.put(at, page.end() + packed - at);
      at = page.end() + packed;
    }
    check(values == data.number(5, -1), "a column has other values than it declares");
    if (column.has(4)) {
      index(column, pages);
    }
  }

  /** The number of values in a page; those of a dictionary do not count. */
  private static long values(ThriftStruct page, long packed) throws IOException {
    long size = page.number(2, -1);
    long heap = Runtime.getRuntime().maxMemory();
    check(size >= 0, "a page has no size");
    check(
        size <= heap / HEAP_PER_PAGE,
        "a page of " + size + " bytes is too large for a heap of " + (heap >> 20) + " MiB");
    long dictionary = page.struct(7).number(1, 0);
    check(dictionary >= 0 && dictionary <= size, "a dictionary has too many values");
    ThriftStruct second = page.struct(8);
    long levels = second.number(5, 0) + second.number(6, 0);
    check(levels >= 0 && levels <= Math.min(size, packed), "a page has too many levels");
    long values = page.struct(5).number(1, 0) + second.number(1, 0);
    check(values >= 0 && values <= Integer.MAX_VALUE, "a page has too many values");
    return values;
  }

  /** There must be pages wherever an index says so. */
  private void index(ThriftStruct column, Map<Long, Long> pages) throws IOException {
    long offset = column.number(4, -1);
    check(offset >= 0 && offset <= footerStart, "an index lies outside of it");
    List<ThriftStruct> locations =
        ThriftStruct.read(content.asSlice(0, footerStart), offset).structs(1);
    for (ThriftStruct location : locations) {
      Long size = pages.get(location.number(1, -1));
      check(
          size != null && size == location.number(2, -1),
          "an index names pages that are not there");
    }
  }

  private static void check(boolean holds, String otherwise) throws IOException {
    if (!holds) {
      throw new IOException(otherwise);
    }
  }
}
