package io.github.tornadodiffusion.diffusion.data.decoding;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.InflaterInputStream;
import javax.imageio.stream.ImageInputStream;

/**
 * The orientation that a PNG file records, in any chunk before or after its image: in {@code eXIf},
 * in the texts in which ImageMagick stores Exif and XMP data, or in XMP's own text.
 */
final class PngChunks {
  private static final int SIGNATURE_BYTES = 8;
  private static final int CHECKSUM_BYTES = 4;

  /** More than any camera writes; a text of a few bytes can unpack to gigabytes. */
  private static final int MOST_BYTES = 1 << 22;

  private byte[] exif;
  private byte[] profile;
  private byte[] xmp;

  private PngChunks() {}

  /**
   * Looks for the orientation.
   *
   * @param input at the start of the file, and afterwards again
   */
  static Orientation orientation(ImageInputStream input) throws IOException {
    PngChunks chunks = new PngChunks();
    input.mark();
    try {
      input.skipBytes(SIGNATURE_BYTES);
      while (chunks.read(input)) {
        input.skipBytes(CHECKSUM_BYTES);
      }
    } catch (EOFException e) {
      // The decoder will report what is missing.
    } finally {
      input.reset();
    }
    return Orientation.of(chunks.exif == null ? chunks.profile : chunks.exif, chunks.xmp);
  }

  /** Reads a chunk without its checksum; false after the last one. */
  private boolean read(ImageInputStream input) throws IOException {
    long length = input.readUnsignedInt();
    byte[] name = new byte[4];
    input.readFully(name);
    String type = new String(name, StandardCharsets.ISO_8859_1);
    boolean text = type.equals("tEXt") || type.equals("zTXt") || type.equals("iTXt");
    if (length > MOST_BYTES || !(text || type.equals("eXIf"))) {
      input.skipBytes(length);
      return !type.equals("IEND") && length <= Integer.MAX_VALUE;
    }
    byte[] data = new byte[(int) Math.min(length, input.length() - input.getStreamPosition())];
    input.readFully(data);
    if (!text) {
      exif = exif == null ? data : exif;
      return true;
    }
    int end = indexOfZero(data, 0);
    switch (new String(data, 0, end, StandardCharsets.ISO_8859_1)) {
      case "Raw profile type exif", "Raw profile type APP1" -> {
        byte[] raw = rawProfile(text(type, data, end + 1));
        profile = profile == null ? raw : profile;
      }
      case "XML:com.adobe.xmp" -> xmp = text(type, data, end + 1);
      case "Raw profile type xmp" -> xmp = rawProfile(text(type, data, end + 1));
      default -> {}
    }
    return true;
  }

  /** The text after a keyword; empty if it is damaged. */
  private static byte[] text(String type, byte[] data, int start) throws IOException {
    int from = start;
    boolean packed = type.equals("zTXt");
    if (packed) {
      from++;
    } else if (type.equals("iTXt")) {
      packed = start < data.length && data[start] != 0;
      // After the compression method come two texts, the language and the translated keyword.
      from = indexOfZero(data, indexOfZero(data, start + 2) + 1) + 1;
    }
    if (from > data.length) {
      return new byte[0];
    }
    byte[] text = Arrays.copyOfRange(data, from, data.length);
    if (!packed) {
      return text;
    }
    try (InputStream input = new InflaterInputStream(new ByteArrayInputStream(text))) {
      return input.readNBytes(MOST_BYTES);
    } catch (EOFException | java.util.zip.ZipException e) {
      return new byte[0];
    }
  }

  private static int indexOfZero(byte[] data, int start) {
    int at = start;
    while (at < data.length && data[at] != 0) {
      at++;
    }
    return at;
  }

  /**
   * Bytes as ImageMagick writes them: the profile's name, their number, then hexadecimal digits.
   */
  private static byte[] rawProfile(byte[] text) {
    String[] parts = new String(text, StandardCharsets.ISO_8859_1).strip().split("\\s+", 3);
    String digits = parts.length < 3 ? "" : parts[2].replaceAll("\\s", "");
    return digits.matches("([0-9a-fA-F]{2})*") ? HexFormat.of().parseHex(digits) : new byte[0];
  }
}
