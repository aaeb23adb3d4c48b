package io.github.tornadodiffusion.nn.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
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
  /** Four bits of exponent and no infinities: 0x7f and 0xff are NaN. */
  F8_E4M3(1),
  /** The upper half of an F16. */
  F8_E5M2(1),
  /** As on AMD's accelerators: one more in the exponent's bias, no -0, which stands for NaN. */
  F8_E4M3FNUZ(1),
  /** Likewise. */
  F8_E5M2FNUZ(1),
  /** A power of two, for scales. */
  F8_E8M0(1),
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

  /** The type of a name in a file's header, if it is one of these. */
  static Optional<Dtype> of(String name) {
    return Arrays.stream(values()).filter(dtype -> dtype.name().equals(name)).findFirst();
  }

  /** What to say of a name that is none of these. */
  static String unsupported(String name) {
    return "dtype %s is not supported; convert the file to one of %s"
        .formatted(
            Messages.piece(name),
            Arrays.stream(values()).map(Dtype::name).collect(Collectors.joining(", ")));
  }

  /**
   * Elements as floats: F32 bit for bit, narrower floats exactly, wider types rounded to nearest,
   * BOOL as 0 or 1.
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
            case F8_E4M3 -> small(segment.get(ValueLayout.JAVA_BYTE, at), 3, 7, 0x7f);
            case F8_E5M2 ->
                Float.float16ToFloat((short) (segment.get(ValueLayout.JAVA_BYTE, at) << 8));
            case F8_E4M3FNUZ -> small(segment.get(ValueLayout.JAVA_BYTE, at), 3, 8, 0x80);
            case F8_E5M2FNUZ -> small(segment.get(ValueLayout.JAVA_BYTE, at), 2, 16, 0x80);
            case F8_E8M0 -> {
              int exponent = segment.get(ValueLayout.JAVA_BYTE, at) & 0xff;
              yield exponent == 0xff ? Float.NaN : Math.scalb(1f, exponent - 127);
            }
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

  /**
   * A float of one byte without infinities: a sign, an exponent and a fraction.
   *
   * @param fractionBits how many bits the fraction has
   * @param bias what the exponent is lowered by
   * @param notANumber the bits of NaN; with all bits set but the sign, either sign is NaN
   */
  private static float small(byte value, int fractionBits, int bias, int notANumber) {
    int bits = value & 0xff;
    int magnitude = bits & 0x7f;
    if (bits == notANumber || magnitude == notANumber) {
      return Float.NaN;
    }
    int exponent = magnitude >> fractionBits;
    int fraction = magnitude & (1 << fractionBits) - 1;
    float unsigned =
        exponent == 0
            ? Math.scalb((float) fraction, 1 - bias - fractionBits)
            : Math.scalb((float) (1 << fractionBits | fraction), exponent - bias - fractionBits);
    return bits > 0x7f ? -unsigned : unsigned;
  }
}
