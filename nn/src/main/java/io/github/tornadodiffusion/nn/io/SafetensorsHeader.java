package io.github.tornadodiffusion.nn.io;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The header of a safetensors file, checked as strictly as the reference implementation does: the
 * tensors fill the data without holes, overlaps or bytes left over. Refusals are
 * IllegalArgumentExceptions of one line.
 *
 * @param tensors by name, in the order of their data
 * @param metadata free strings of the file's author
 */
record SafetensorsHeader(SequencedMap<String, Entry> tensors, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";

  /** The limit of the reference implementation. */
  static final long MOST_BYTES = 100_000_000;

  /**
   * Where a tensor lies: bytes [begin, end) of the data.
   *
   * @param dtype null for a type that is not read: nothing but such a tensor itself is lost
   * @param type the name of the type in the file
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Entry(Dtype dtype, String type, int[] shape, long begin, long end) {
    int count() {
      return Math.toIntExact((end - begin) / dtype.bytes());
    }
  }

  /** Parses and checks a header that is followed by the given number of bytes of data. */
  static SafetensorsHeader parse(String json, long dataBytes) {
    JsonFields fields;
    try {
      fields = JsonFields.parse(json);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the header is " + e.getMessage(), e);
    }
    List<Map.Entry<String, Entry>> entries = new ArrayList<>();
    for (String name : fields.keys()) {
      if (!name.equals(METADATA)) {
        try {
          entries.add(Map.entry(name, entry(fields.object(name), dataBytes)));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "tensor %s: %s".formatted(Messages.piece(name), e.getMessage()), e);
        }
      }
    }
    entries.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> entry) -> entry.getValue().begin())
            .thenComparingLong(entry -> entry.getValue().end()));
    SequencedMap<String, Entry> tensors = new LinkedHashMap<>();
    long end = 0;
    for (Map.Entry<String, Entry> entry : entries) {
      long begin = entry.getValue().begin();
      if (begin != end) {
        throw new IllegalArgumentException(
            "tensor %s begins at byte %d of the data, %s; save the file again"
                .formatted(
                    Messages.piece(entry.getKey()),
                    begin,
                    begin < end
                        ? "which overlaps the tensor before, that ends at " + end
                        : "which leaves a hole after byte " + end));
      }
      tensors.put(entry.getKey(), entry.getValue());
      end = entry.getValue().end();
    }
    if (end != dataBytes) {
      throw new IllegalArgumentException(
          "the tensors end at byte %d of the data but the file has %d; save the file again"
              .formatted(end, dataBytes));
    }
    return new SafetensorsHeader(tensors, metadata(fields));
  }

  private static Map<String, String> metadata(JsonFields fields) {
    try {
      return fields.object(METADATA).allStrings();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(METADATA + ": " + e.getMessage(), e);
    }
  }

  private static Entry entry(JsonFields fields, long dataBytes) {
    for (String key : List.of("dtype", "shape", "data_offsets")) {
      if (!fields.has(key)) {
        throw new IllegalArgumentException("there is no " + key + "; save the file again");
      }
    }
    String type = fields.string("dtype", "");
    Dtype dtype = Dtype.of(type).orElse(null);
    int[] shape =
        fields.integers("shape", List.of()).stream().mapToInt(Integer::intValue).toArray();
    List<Long> offsets = fields.longs("data_offsets", List.of());
    if (offsets.size() != 2) {
      throw new IllegalArgumentException(
          "data_offsets has %d numbers; it must be [begin, end]".formatted(offsets.size()));
    }
    long begin = offsets.get(0);
    long end = offsets.get(1);
    if (begin < 0 || begin > end || end > dataBytes) {
      throw new IllegalArgumentException(
          "data_offsets [%d, %d] do not lie in the file's %d bytes of data; the file is truncated"
                  .formatted(begin, end, dataBytes)
              + " or damaged, fetch or save it again");
    }
    if (dtype == null) {
      return new Entry(null, type, shape, begin, end);
    }
    long count = HostTensor.size(shape);
    // Compared without a product, which could overflow.
    if ((end - begin) % dtype.bytes() != 0 || (end - begin) / dtype.bytes() != count) {
      throw new IllegalArgumentException(
          "%d elements of %s do not fill bytes [%d, %d]; save the file again"
              .formatted(count, dtype, begin, end));
    }
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "%d elements are more than a Java array holds; split the tensor".formatted(count));
    }
    return new Entry(dtype, type, shape, begin, end);
  }
}
