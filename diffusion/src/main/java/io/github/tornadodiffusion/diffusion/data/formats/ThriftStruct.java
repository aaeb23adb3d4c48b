package io.github.tornadodiffusion.diffusion.data.formats;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A struct in Thrift's compact protocol, as used for Parquet's footer and page headers: numbers,
 * lists and structs by the ids of their fields. Text is skipped. The file is not trusted: lengths
 * beyond the available bytes are refused, and so is deep nesting.
 *
 * @param fields a Long, a List of such values or a ThriftStruct each
 * @param end where the struct ends
 */
record ThriftStruct(Map<Integer, Object> fields, long end) {
  private static final int MOST_NESTING = 32;
  private static final int MOST_VARINT_BYTES = 10;

  /**
   * Reads the struct that begins at an offset.
   *
   * @throws IOException in a few words if there is none
   */
  static ThriftStruct read(MemorySegment content, long offset) throws IOException {
    if (offset < 0) {
      throw damaged();
    }
    Reader reader = new Reader(content, offset);
    Map<Integer, Object> fields = reader.struct(0);
    return new ThriftStruct(fields, reader.at);
  }

  /** A number; the fallback if there is none. */
  long number(int id, long fallback) {
    return fields.get(id) instanceof Long number ? number : fallback;
  }

  /** A struct; one without fields if there is none. */
  ThriftStruct struct(int id) {
    return fields.get(id) instanceof ThriftStruct struct ? struct : new ThriftStruct(Map.of(), end);
  }

  /** Whether there is a field. */
  boolean has(int id) {
    return fields.containsKey(id);
  }

  /** The structs of a list; none if there is no list. */
  List<ThriftStruct> structs(int id) {
    return fields.get(id) instanceof List<?> list
        ? list.stream()
            .filter(ThriftStruct.class::isInstance)
            .map(ThriftStruct.class::cast)
            .toList()
        : List.of();
  }

  private static IOException damaged() {
    return new IOException("a header in it is damaged");
  }

  private static final class Reader {
    private final MemorySegment content;
    private long at;

    Reader(MemorySegment content, long at) {
      this.content = content;
      this.at = at;
    }

    Map<Integer, Object> struct(int depth) throws IOException {
      Map<Integer, Object> fields = new HashMap<>();
      int id = 0;
      while (true) {
        int head = next();
        if (head == 0) {
          return fields;
        }
        // The high half is the difference from the previous id; 0 means that the id follows.
        id = head >>> 4 == 0 ? (int) zigzag() : id + (head >>> 4);
        int type = head & 15;
        fields.put(id, type == 1 || type == 2 ? (Object) (2L - type) : value(type, depth));
      }
    }

    /** A value outside of a field, where a Boolean takes a byte. */
    private Object value(int type, int depth) throws IOException {
      if (depth > MOST_NESTING) {
        throw damaged();
      }
      return switch (type) {
        case 1, 2, 3 -> (long) next();
        case 4, 5, 6 -> zigzag();
        case 7 -> skip(Double.BYTES);
        case 8 -> skip(varint());
        case 9, 10 -> list(depth + 1);
        case 11 -> map(depth + 1);
        case 12 -> {
          Map<Integer, Object> fields = struct(depth + 1);
          yield new ThriftStruct(fields, at);
        }
        default -> throw damaged();
      };
    }

    private List<Object> list(int depth) throws IOException {
      int head = next();
      long size = head >>> 4 == 15 ? varint() : head >>> 4;
      checkLength(size);
      List<Object> list = new ArrayList<>();
      for (long i = 0; i < size; i++) {
        list.add(value(head & 15, depth));
      }
      return list;
    }

    private Object map(int depth) throws IOException {
      long size = varint();
      checkLength(size);
      int types = size == 0 ? 0 : next();
      for (long i = 0; i < size; i++) {
        value(types >>> 4, depth);
        value(types & 15, depth);
      }
      return 0L;
    }

    private Object skip(long length) throws IOException {
      checkLength(length);
      at += length;
      return 0L;
    }

    /** Every element takes at least a byte. */
    private void checkLength(long length) throws IOException {
      if (length < 0 || length > content.byteSize() - at) {
        throw damaged();
      }
    }

    private long zigzag() throws IOException {
      long number = varint();
      return number >>> 1 ^ -(number & 1);
    }

    private long varint() throws IOException {
      long number = 0;
      for (int i = 0; i < MOST_VARINT_BYTES; i++) {
        int part = next();
        number |= (long) (part & 127) << 7 * i;
        if (part < 128) {
          return number;
        }
      }
      throw damaged();
    }

    private int next() throws IOException {
      if (at >= content.byteSize()) {
        throw damaged();
      }
      return content.get(ValueLayout.JAVA_BYTE, at++) & 0xFF;
    }
  }
}
