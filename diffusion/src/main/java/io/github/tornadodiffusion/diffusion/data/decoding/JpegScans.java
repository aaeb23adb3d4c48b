package io.github.tornadodiffusion.diffusion.data.decoding;

import java.io.IOException;
import javax.imageio.stream.ImageInputStream;

/**
 * Counts the scans of a JPEG file. A progressive file has about ten; the decoder walks through the
 * whole image for each, even for one of a few bytes, so a small file with many scans would take
 * hours.
 */
final class JpegScans {
  private static final int BUFFER_BYTES = 1 << 16;

  /** A hundred scans of the largest image, which take seconds. */
  private static final long MOST_PIXELS = 10_000_000_000L;

  private JpegScans() {}

  /** Refuses an image with too many scans for its pixels. */
  static void check(long scans, long pixels) throws IOException {
    if (scans * pixels > MOST_PIXELS) {
      throw new IOException(
          "%d scans of %d pixels are too many, it is damaged".formatted(scans, pixels));
    }
  }

  /**
   * How many scans there are.
   *
   * @param input at the start of the file, and afterwards again
   */
  static long count(ImageInputStream input) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    input.mark();
    try {
      long scans = 0;
      int previous = 0;
      for (int length = input.read(buffer); length >= 0; length = input.read(buffer)) {
        for (int i = 0; i < length; i++) {
          // Coded data never holds these two bytes.
          scans += previous == 0xFF && buffer[i] == (byte) 0xDA ? 1 : 0;
          previous = buffer[i] & 0xFF;
        }
      }
      return scans;
    } finally {
      input.reset();
    }
  }
}
