package io.github.tornadodiffusion.kernels;

/**
 * A range of the arena that holds an image-like tensor in NHWC order: {@code [n][top + h +
 * bottom][left + w + right][stride]}, where {@code stride} is {@code c} rounded up to a multiple of
 * 16. The border and the lanes from c to stride are zero: a kernel that writes a block writes these
 * zeros, too. Sequences are blocks with {@code h = 1}, rows of a matrix blocks with {@code h = w =
 * 1}.
 *
 * @param offset first float in the arena, a multiple of 16
 * @param n images
 * @param h rows, without border
 * @param w columns, without border
 * @param c channels, without padding
 */
public record Block(
    int offset, int n, int h, int w, int c, int top, int left, int bottom, int right) {
  /** Checks the sizes. */
  public Block {
    if (n <= 0
        || h <= 0
        || w <= 0
        || c <= 0
        || top < 0
        || left < 0
        || bottom < 0
        || right < 0
        || offset % 16 != 0) {
      throw new IllegalArgumentException(
          "Not a block: offset %d, shape [%d, %d, %d, %d], border %d %d %d %d"
              .formatted(offset, n, h, w, c, top, left, bottom, right));
    }
    long size = (long) n * (top + h + bottom) * (left + w + right) * round16(c);
    if (size > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException(
          "A tensor of %d floats is too large: use a smaller batch".formatted(size));
    }
  }

  /** A block without border. */
  public static Block of(int offset, int n, int h, int w, int c) {
    return new Block(offset, n, h, w, c, 0, 0, 0, 0);
  }

  /** c rounded up to a multiple of 16, the channel stride of every block. */
  public static int round16(int c) {
    return (c + 15) & -16;
  }

  /** The same block at another offset. */
  public Block at(int newOffset) {
    return new Block(newOffset, n, h, w, c, top, left, bottom, right);
  }

  /** The same block with another border. */
  public Block bordered(int newTop, int newLeft, int newBottom, int newRight) {
    return new Block(offset, n, h, w, c, newTop, newLeft, newBottom, newRight);
  }

  /** Floats from pixel to pixel: the channels with padding. */
  public int stride() {
    return round16(c);
  }

  /** Rows with border. */
  public int rows() {
    return top + h + bottom;
  }

  /** Columns with border. */
  public int columns() {
    return left + w + right;
  }

  /** Pixels without border, over all images. */
  public int pixels() {
    return n * h * w;
  }

  /** Floats in the arena, border and padding lanes included. */
  public int size() {
    return n * rows() * columns() * stride();
  }

  /** Offset of the first float of pixel (0, 0) of image 0, inside the border. */
  public int interior() {
    return offset + (top * columns() + left) * stride();
  }
}
