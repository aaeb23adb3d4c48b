package io.github.tornadodiffusion.diffusion.data.formats;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;

/**
 * What a JPEG file says before its image begins.
 *
 * @param components of a pixel; 0 if the file does not say, which is for the decoder to report
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

  /** Where the segments have what is looked for; libjpeg asks for as many bytes. */
  private static final int JFIF_BYTES = 14;

  private static final int ADOBE_TRANSFORM = 11;
  private static final int FRAME_COMPONENTS = 5;

  /**
   * Reads the segments. Which model three components have is decided as libjpeg decides it ({@code
   * default_decompress_parms} in jdapimin.c): JFIF means YCbCr, else Adobe's segment says it, else
   * the components 'R', 'G' and 'B' are what they are called, and all others are YCbCr.
   *
   * @param input at the file's start, where it will be again
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
          // These stand alone, without a segment.
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
      // What is missing is for the decoder to report.
    } finally {
      input.reset();
    }
    int components = frame.length > FRAME_COMPONENTS ? frame[FRAME_COMPONENTS] & 0xFF : 0;
    boolean yCbCr = jfif || (adobe < 0 ? !isCalledRgb(frame) : adobe != 0);
    return new JpegHeader(components, yCbCr, Orientation.of(exif, xmp));
  }

  /** The next marker; what lies before it and the bytes that fill up to it are passed over. */
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
