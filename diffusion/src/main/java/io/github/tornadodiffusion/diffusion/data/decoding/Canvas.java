package io.github.tornadodiffusion.diffusion.data.decoding;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteOrder;
import javax.imageio.stream.ImageInputStream;

/**
 * The position of the first frame of an animation on its canvas. A frame may be smaller; around it
 * the canvas is transparent.
 *
 * @param width of the canvas
 * @param height of the canvas
 * @param left column of the canvas where the frame begins
 * @param top row of the canvas where the frame begins
 */
record Canvas(int width, int height, int left, int top) {
  private static final int GIF_SIZES = 6;
  private static final int FRAME = 0x2C;
  private static final int EXTENSION = 0x21;
  private static final int INTERLACED = 0x40;

  /** From this number of rows on, every pass of an interlaced image has a row. */
  private static final int FULL_PASSES = 5;

  /**
   * The canvas of a GIF file, enlarged if the first frame extends beyond it.
   *
   * @param input at the start of the file, and afterwards again
   * @throws EOFException if there is no frame
   */
  static Canvas ofGif(ImageInputStream input) throws IOException {
    input.mark();
    ByteOrder order = input.getByteOrder();
    input.setByteOrder(ByteOrder.LITTLE_ENDIAN);
    try {
      input.skipBytes(GIF_SIZES);
      int width = input.readUnsignedShort();
      int height = input.readUnsignedShort();
      int flags = input.readUnsignedByte();
      // Two bytes for colour and aspect ratio, then the palette, whose length is a power of two.
      input.skipBytes(2 + (flags < 0x80 ? 0 : 3 << (flags & 7) + 1));
      int block = input.readUnsignedByte();
      for (; block == EXTENSION; block = input.readUnsignedByte()) {
        input.readUnsignedByte();
        for (int size = input.readUnsignedByte(); size > 0; size = input.readUnsignedByte()) {
          input.skipBytes(size);
        }
      }
      if (block != FRAME) {
        throw new IOException("the file holds no image");
      }
      int left = input.readUnsignedShort();
      int top = input.readUnsignedShort();
      int right = left + input.readUnsignedShort();
      int bottom = top + input.readUnsignedShort();
      boolean interlaced = (input.readUnsignedByte() & INTERLACED) != 0;
      if (interlaced && bottom - top > 1 && bottom - top < FULL_PASSES) {
        // The JDK's reader expects a row in the second pass although it has none.
        throw new IOException(
            "interlaced GIF files of %d rows are not supported".formatted(bottom - top));
      }
      return new Canvas(Math.max(width, right), Math.max(height, bottom), left, top);
    } finally {
      input.setByteOrder(order);
      input.reset();
    }
  }

  /** A canvas of one image. */
  static Canvas of(int width, int height) {
    return new Canvas(width, height, 0, 0);
  }

  long pixels() {
    return (long) width * height;
  }

  /** The canvas if only every n-th column and row is read, starting with the first. */
  Canvas every(int step) {
    return new Canvas(
        Math.ceilDiv(width, step),
        Math.ceilDiv(height, step),
        Math.ceilDiv(left, step),
        Math.ceilDiv(top, step));
  }
}
