package io.github.tornadodiffusion.diffusion.data.decoding;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;

/**
 * What the header of a JPEG file says.
 *
 * @param components of a pixel; 0 if the file does not say, which the decoder will report
 * @param yCbCr whether three components are YCbCr rather than RGB
 * @param orientation how the image is to be turned
 */
record JpegHeader(int components, boolean yCbCr, Orientation orientation) {
  private static final int SCAN = 0xDA;
  private static final int END = 0xD9;
  private static final byte[] JFIF = ascii("JFIF\0");
  private static final byte[] EXIF = ascii("Exif\0\0");
  private static final byte[] XMP = ascii("http://ns.adobe.com/xap/1.0/\0");
  private static final byte[] ADOBE = ascii("Adobe");

  /** How many bytes of a segment are read, as in libjpeg. */
  private static final int JFIF_BYTES = 14;

  private static final int ADOBE_TRANSFORM = 11;
  private static final int FRAME_COMPONENTS = 5;

  /**
   * Reads the segments. The colour model of three components is determined as in libjpeg ({@code
   * default_decompress_parms} in jdapimin.c): JFIF means YCbCr, else Adobe's segment says it, else
   * components with the names 'R', 'G' and 'B' are RGB, and all others are YCbCr.
   *
   * @param input at the start of the file, and afterwards again
   */
  static JpegHeader read(ImageInputStream input) throws IOException {
    byte[] exif = null;
    byte[] xmp = null;
    byte[] frame = {};
    boolean jfif = false;
    int adobe = -1;
    input.mark();
    try {
      input.skipBytes(2);
      for (int marker = next(input); marker != SCAN && marker != END; marker = next(input)) {
        if (marker == 0x01 || (marker >= 0xD0 && marker < 0xD9)) {
          // These have no segment.
          continue;
        }
        byte[] segment = new byte[Math.max(0, input.readUnsignedShort() - 2)];
        input.readFully(segment);
        if (marker == 0xE0) {
          jfif |= segment.length >= JFIF_BYTES && begins(segment, JFIF);
        } else if (marker == 0xE1 && begins(segment, EXIF) && exif == null) {
          exif = segment;
        } else if (marker == 0xE1 && begins(segment, XMP) && xmp == null) {
          xmp = segment;
        } else if (marker == 0xEE && segment.length > ADOBE_TRANSFORM && begins(segment, ADOBE)) {
          adobe = segment[ADOBE_TRANSFORM];
        } else if (marker >= 0xC0 && marker < 0xD0 && (marker & 3) != 0 || marker == 0xC0) {
          frame = segment;
        }
      }
    } catch (EOFException e) {
      // The decoder will report what is missing.
    } finally {
      input.reset();
    }
    int components = frame.length > FRAME_COMPONENTS ? frame[FRAME_COMPONENTS] & 0xFF : 0;
    boolean yCbCr = jfif || (adobe < 0 ? !isCalledRgb(frame) : adobe != 0);
    return new JpegHeader(components, yCbCr, Orientation.of(exif, xmp));
  }

  /** The next marker; anything before it, including fill bytes, is skipped. */
  private static int next(ImageInputStream input) throws IOException {
    int previous = 0;
    int value = input.readUnsignedByte();
    while (previous != 0xFF || value == 0xFF || value == 0) {
      previous = value;
      value = input.readUnsignedByte();
    }
    return value;
  }

  private static boolean isCalledRgb(byte[] frame) {
    return frame.length >= FRAME_COMPONENTS + 10
        && frame[FRAME_COMPONENTS + 1] == 'R'
        && frame[FRAME_COMPONENTS + 4] == 'G'
        && frame[FRAME_COMPONENTS + 7] == 'B';
  }

  private static boolean begins(byte[] segment, byte[] with) {
    return segment.length >= with.length
        && Arrays.equals(segment, 0, with.length, with, 0, with.length);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
