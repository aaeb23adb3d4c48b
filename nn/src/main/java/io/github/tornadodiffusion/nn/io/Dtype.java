package io.github.tornadodiffusion.nn.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The element types of a safetensors file that can be read as floats. All are little endian. */
public enum Dtype {
  /** Double precision. */
  F64(8),
  /** Single precision. */
  F32(4),
  /** IEEE half precision. */
  F16(2),
  /** The upper half of a float. */
  BF16(2),
  /** Signed integer of 64 bits. */
  I64(8),
  /** Signed integer of 32 bits. */
  I32(4),
  /** Signed integer of 16 bits. */
  I16(2),
  /** Signed integer of 8 bits. */
  I8(1),
  /** Unsigned integer of 8 bits. */
  U8(1),
  /** One byte, 0 or 1. */
  BOOL(1);

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of an element. */
  public int bytes() {
    return bytes;
  }

  /**
   * The type of a name in a file's header.
   *
   * @throws IllegalArgumentException naming the types that exist
   */
  static Dtype of(String name) {
    return Arrays.stream(values())
        .filter(dtype -> dtype.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "dtype %s is not supported; convert the file to one of %s"
                    .formatted(
                        Messages.oneLine(name),
                        Arrays.stream(values())
                            .map(Dtype::name)
                            .collect(Collectors.joining(", ")))));
  }

  /**
   * Elements as floats: F32 bit for bit, F16 and BF16 exactly, wider types rounded to nearest, BOOL
   * as 0 or 1.
   *
   * @param segment exactly the bytes of {@code count} elements
   */
  float[] toFloats(MemorySegment segment, int count) {
    float[] floats = new float[count];
    if (this == F32) {
      MemorySegment.copy(segment, FLOAT, 0, floats, 0, count);
      return floats;
    }
    for (int i = 0; i < count; i++) {
      long at = (long) i * bytes;
      floats[i] =
          switch (this) {
            case F64 -> (float) segment.get(DOUBLE, at);
            case F32 -> segment.get(FLOAT, at);
            case F16 -> Float.float16ToFloat(segment.get(SHORT, at));
            case BF16 -> Float.intBitsToFloat(segment.get(SHORT, at) << 16);
            case I64 -> segment.get(LONG, at);
            case I32 -> segment.get(INT, at);
            case I16 -> segment.get(SHORT, at);
            case I8 -> segment.get(ValueLayout.JAVA_BYTE, at);
            case U8 -> segment.get(ValueLayout.JAVA_BYTE, at) & 0xff;
            case BOOL -> segment.get(ValueLayout.JAVA_BYTE, at) == 0 ? 0 : 1;
          };
    }
    return floats;
  }
}
