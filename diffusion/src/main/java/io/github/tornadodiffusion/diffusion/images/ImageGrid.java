package io.github.tornadodiffusion.diffusion.images;

import java.awt.image.BufferedImage;

/**
 * Turns samples into pictures.
 *
 * <p>Values in [-1, 1] become bytes as diffusers' {@code numpy_to_pil} makes them: x / 2 + 0.5,
 * clamped to [0, 1], times 255, rounded half to even. Fewer than 3 channels show the first as grey,
 * others the first three as red, green and blue.
 */
public final class ImageGrid {
  private static final int GAP = 2;
  private static final int GAP_COLOUR = 0x808080;

  /** Small images are enlarged to about this many pixels, so that a person can see them. */
  private static final int READABLE = 64;

  static {
    Headless.ensure();
  }

  private ImageGrid() {}

  /**
   * Images side by side with small gaps, about as many rows as columns; those of less than 64
   * pixels are enlarged by a whole factor, without smoothing.
   *
   * @param images count * channels * height * width values in [-1, 1], NCHW
   * @param count number of images, at least 1
   */
  public static BufferedImage grid(float[] images, int count, int channels, int height, int width) {
    int columns = columns(count);
    return grid(images, count, channels, height, width, columns, scale(height, width));
  }

  /** How many pixels the picture of {@link #grid(float[], int, int, int, int)} has. */
  public static long pixels(int count, int height, int width) {
    long columns = columns(count);
    long rows = Math.ceilDiv(count, columns);
    int scale = scale(height, width);
    return (columns * ((long) width * scale + GAP) + GAP)
        * (rows * ((long) height * scale + GAP) + GAP);
  }

  private static int columns(int count) {
    return (int) Math.ceil(Math.sqrt(count));
  }

  /** The factor that small images are enlarged by. */
  public static int scale(int height, int width) {
    return Math.max(1, READABLE / Math.max(height, width));
  }

  /**
   * Images side by side with small gaps.
   *
   * @param images count * channels * height * width values in [-1, 1], NCHW
   * @param columns images per row of the grid
   * @param scale every value becomes scale * scale pixels
   */
  public static BufferedImage grid(
      float[] images, int count, int channels, int height, int width, int columns, int scale) {
    check(images, count, channels, height, width);
    int rows = Math.ceilDiv(count, columns);
    int cellWidth = width * scale + GAP;
    int cellHeight = height * scale + GAP;
    BufferedImage grid =
        new BufferedImage(
            columns * cellWidth + GAP, rows * cellHeight + GAP, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < grid.getHeight(); y++) {
      for (int x = 0; x < grid.getWidth(); x++) {
        grid.setRGB(x, y, GAP_COLOUR);
      }
    }
    for (int i = 0; i < count; i++) {
      int left = GAP + i % columns * cellWidth;
      int top = GAP + i / columns * cellHeight;
      draw(images, i, channels, height, width, scale, grid, left, top);
    }
    return grid;
  }

  /**
   * One image of a batch, one pixel for each value.
   *
   * @param images values in [-1, 1], NCHW
   * @param index which image of the batch
   */
  public static BufferedImage single(
      float[] images, int index, int channels, int height, int width) {
    check(images, index + 1, channels, height, width);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    draw(images, index, channels, height, width, 1, image, 0, 0);
    return image;
  }

  private static void check(float[] images, int count, int channels, int height, int width) {
    if (count < 1 || images.length < (long) count * channels * height * width) {
      throw new IllegalArgumentException(
          "%d values do not hold %d images of %dx%dx%d"
              .formatted(images.length, count, channels, height, width));
    }
  }

  private static void draw(
      float[] images,
      int index,
      int channels,
      int height,
      int width,
      int scale,
      BufferedImage target,
      int left,
      int top) {
    int plane = height * width;
    for (int y = 0; y < height * scale; y++) {
      for (int x = 0; x < width * scale; x++) {
        int at = index * channels * plane + y / scale * width + x / scale;
        int red = toByte(images[at]);
        int green = channels < 3 ? red : toByte(images[at + plane]);
        int blue = channels < 3 ? red : toByte(images[at + 2 * plane]);
        target.setRGB(left + x, top + y, red << 16 | green << 8 | blue);
      }
    }
  }

  private static int toByte(float value) {
    float unit = value / 2 + 0.5f;
    // A value that is not a number becomes black.
    return (int) Math.rint(unit > 0 ? Math.min(unit, 1) * 255 : 0);
  }
}
