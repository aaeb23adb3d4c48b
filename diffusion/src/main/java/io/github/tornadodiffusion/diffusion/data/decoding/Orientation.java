package io.github.tornadodiffusion.diffusion.data.decoding;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the rows and columns of a stored image must be arranged to be seen as intended. Cameras store
 * what the sensor sees and record in the Exif tag Orientation how the camera was held.
 *
 * @param transposed whether stored rows are columns
 * @param mirroredX whether stored columns run backwards
 * @param mirroredY whether stored rows run backwards
 */
record Orientation(boolean transposed, boolean mirroredX, boolean mirroredY) {
  /** As stored. */
  static final Orientation UPRIGHT = new Orientation(false, false, false);

  private static final int TAG = 0x0112;
  private static final int ENTRY_BYTES = 12;
  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
  private static final Pattern XMP =
      Pattern.compile("tiff:Orientation\\s*(?:=\\s*[\"']|>)\\s*([1-8])\\s*[\"'<]");

  /** The meaning of the tag's values 1 to 8; others have none. */
  static Orientation of(int value) {
    return switch (value) {
      case 2 -> new Orientation(false, true, false);
      case 3 -> new Orientation(false, true, true);
      case 4 -> new Orientation(false, false, true);
      case 5 -> new Orientation(true, false, false);
      case 6 -> new Orientation(true, false, true);
      case 7 -> new Orientation(true, true, true);
      case 8 -> new Orientation(true, true, false);
      default -> UPRIGHT;
    };
  }

  /**
   * The orientation from Exif data or, if they have none, from XMP data, as in Pillow; upright if
   * neither has one or they are damaged.
   *
   * @param exif the tags as a TIFF file, with or without {@code Exif} before it, or null
   * @param xmp a text, or null
   */
  static Orientation of(byte[] exif, byte[] xmp) {
    int value = exif == null ? 0 : ofTiff(exif);
    if (value == 0 && xmp != null) {
      Matcher matcher = XMP.matcher(new String(xmp, StandardCharsets.ISO_8859_1));
      value = matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
    }
    return of(value);
  }

  /** The tag's value, or 0. */
  private static int ofTiff(byte[] exif) {
    int start = 0;
    while (exif.length - start >= EXIF.length
        && Arrays.equals(exif, start, start + EXIF.length, EXIF, 0, EXIF.length)) {
      start += EXIF.length;
    }
    ByteBuffer tiff = ByteBuffer.wrap(exif, start, exif.length - start).slice();
    if (tiff.limit() < 8) {
      return 0;
    }
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    if (directory < 0 || directory > tiff.limit() - 2) {
      return 0;
    }
    int entries = tiff.getShort(directory) & 0xFFFF;
    int most = (tiff.limit() - directory - 2) / ENTRY_BYTES;
    for (int i = 0; i < Math.min(entries, most); i++) {
      int entry = directory + 2 + ENTRY_BYTES * i;
      if (tiff.getShort(entry) == TAG) {
        return value(tiff, entry);
      }
    }
    return 0;
  }

  /**
   * The first value of an entry; 0 for bytes and for the types that Pillow does not treat as
   * numbers.
   */
  private static int value(ByteBuffer tiff, int entry) {
    int type = tiff.getShort(entry + 2);
    int size =
        switch (type) {
          case 6 -> 1;
          case 3, 8 -> 2;
          case 4, 9 -> 4;
          case 5, 10 -> 8;
          default -> 0;
        };
    long count = Integer.toUnsignedLong(tiff.getInt(entry + 4));
    // A value that does not fit into the entry is at the offset that the entry has instead.
    int at = size * count <= 4 ? entry + 8 : tiff.getInt(entry + 8);
    if (size == 0 || count == 0 || at < 0 || at > tiff.limit() - size) {
      return 0;
    }
    return switch (size) {
      case 1 -> tiff.get(at);
      case 2 -> tiff.getShort(at);
      case 4 -> tiff.getInt(at);
      default -> tiff.getInt(at + 4) == 1 ? tiff.getInt(at) : 0;
    };
  }

  /** Rearranges a square plane from the stored to the visible orientation. */
  float[] seen(float[] stored, int side) {
    if (equals(UPRIGHT)) {
      return stored;
    }
    float[] seen = new float[stored.length];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int column = transposed ? y : x;
        int row = transposed ? x : y;
        column = mirroredX ? side - 1 - column : column;
        row = mirroredY ? side - 1 - row : row;
        seen[y * side + x] = stored[row * side + column];
      }
    }
    return seen;
  }
}
