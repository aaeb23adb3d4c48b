package io.github.tornadodiffusion.diffusion.data.decoding;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;

/**
 * Takes a <a href="https://developers.google.com/speed/webp/docs/riff_container">WebP container</a>
 * apart: the first frame, its place on the canvas, and the orientation. Profiles are dropped.
 */
final class WebpFile {
  private static final int HEADER_BYTES = 12;
  private static final int CHUNK_HEADER_BYTES = 8;
  private static final int EXTENDED_BYTES = 10;
  private static final int FRAME_BYTES = 16;
  private static final byte ALPHA = 0x10;

  /** More than any camera writes. */
  private static final int MOST_METADATA_BYTES = 1 << 22;

  private final ImageInputStream input;

  /** The contents of the relevant chunks, or null. */
  private byte[] extended;

  private byte[] frame;
  private byte[] alpha;
  private byte[] image;
  private String imageType;
  private byte[] exif;
  private byte[] xmp;

  private WebpFile(ImageInputStream input) {
    this.input = input;
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it contains no complete frame
   */
  static WebpFile read(ImageInputStream input) throws IOException {
    WebpFile file = new WebpFile(input);
    input.seek(HEADER_BYTES);
    file.read(input.length());
    if (file.image == null) {
      throw new IOException("the file is truncated");
    }
    return file;
  }

  /** Reads the chunks before a position; those of a frame are within the chunk of the frame. */
  private void read(long end) throws IOException {
    while (end - input.getStreamPosition() >= CHUNK_HEADER_BYTES) {
      byte[] name = new byte[4];
      input.readFully(name);
      String type = new String(name, StandardCharsets.ISO_8859_1);
      long size = Integer.toUnsignedLong(Integer.reverseBytes(input.readInt()));
      long next = input.getStreamPosition() + size + (size & 1);
      switch (type) {
        case "VP8X" -> extended = content(EXTENDED_BYTES, end);
        case "EXIF" -> exif = content(Math.min(size, MOST_METADATA_BYTES), end);
        case "XMP " -> xmp = content(Math.min(size, MOST_METADATA_BYTES), end);
        case "ANMF" -> {
          if (image == null) {
            frame = content(FRAME_BYTES, end);
            read(Math.min(next, end));
          }
        }
        case "ALPH" -> alpha = image == null ? content(size, end) : alpha;
        case "VP8 ", "VP8L" -> {
          if (image == null) {
            image = content(size, end);
            imageType = type;
          }
        }
        default -> {}
      }
      input.seek(next);
    }
  }

  private byte[] content(long size, long end) throws IOException {
    if (size > end - input.getStreamPosition() || size > ImageDecoder.MAX_FILE_BYTES) {
      throw new IOException("the file is truncated");
    }
    byte[] content = new byte[(int) size];
    input.readFully(content);
    return content;
  }

  Orientation orientation() {
    return Orientation.of(exif, xmp);
  }

  /**
   * The canvas of an animation.
   *
   * @param width of the first frame
   * @param height of the first frame
   * @throws IOException if the frame extends beyond it
   */
  Canvas canvas(int width, int height) throws IOException {
    if (frame == null || extended == null) {
      return Canvas.of(width, height);
    }
    Canvas canvas =
        new Canvas(
            1 + int24(extended, 4),
            1 + int24(extended, 7),
            2 * int24(frame, 0),
            2 * int24(frame, 3));
    if (canvas.left() + width > canvas.width() || canvas.top() + height > canvas.height()) {
      throw new IOException("its first frame lies outside of its canvas, it is damaged");
    }
    return canvas;
  }

  /** The first frame as a file of one image without a profile. */
  byte[] firstFrame() {
    int most = HEADER_BYTES + 3 * CHUNK_HEADER_BYTES + EXTENDED_BYTES + image.length + 2;
    ByteBuffer bytes = ByteBuffer.allocate(most + (alpha == null ? 0 : alpha.length));
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(ascii("RIFF")).putInt(0).put(ascii("WEBP"));
    if (extended != null) {
      byte[] header = new byte[EXTENDED_BYTES];
      header[0] = (byte) (extended[0] & ALPHA);
      // The size of a still image is that of the canvas; an animation declares it for each frame.
      System.arraycopy(frame == null ? extended : frame, frame == null ? 4 : 6, header, 4, 6);
      chunk(bytes, "VP8X", header);
    }
    if (alpha != null && imageType.equals("VP8 ")) {
      chunk(bytes, "ALPH", alpha);
    }
    chunk(bytes, imageType, image);
    bytes.putInt(4, bytes.position() - CHUNK_HEADER_BYTES);
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  private static void chunk(ByteBuffer bytes, String type, byte[] content) {
    bytes.put(ascii(type)).putInt(content.length).put(content);
    if (content.length % 2 != 0) {
      bytes.put((byte) 0);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static int int24(byte[] bytes, int offset) {
    return bytes[offset] & 0xFF
        | (bytes[offset + 1] & 0xFF) << 8
        | (bytes[offset + 2] & 0xFF) << 16;
  }
}
