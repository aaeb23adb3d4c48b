package io.github.tornadodiffusion.diffusion.data;

/**
 * The sizes of images before they are cropped and resized, in pixels.
 *
 * @param minWidth the smallest width of any
 * @param minHeight the smallest height of any
 * @param maxWidth the greatest width of any
 * @param maxHeight the greatest height of any
 */
public record ImageSizes(int minWidth, int minHeight, int maxWidth, int maxHeight) {
  /** The sizes of one image. */
  public static ImageSizes of(int width, int height) {
    return new ImageSizes(width, height, width, height);
  }

  /** The sizes of these images and others. */
  public ImageSizes with(ImageSizes other) {
    return new ImageSizes(
        Math.min(minWidth, other.minWidth),
        Math.min(minHeight, other.minHeight),
        Math.max(maxWidth, other.maxWidth),
        Math.max(maxHeight, other.maxHeight));
  }

  /**
   * Whether all images have one size with the proportions of a rectangle, so that cropping removes
   * the same margins.
   */
  public boolean allOfShape(int width, int height) {
    return minWidth == maxWidth
        && minHeight == maxHeight
        && (long) minWidth * height == (long) minHeight * width;
  }

  /** Such as {@code 32x32}, or {@code 20x30 to 640x480} where they differ. */
  @Override
  public String toString() {
    String least = minWidth + "x" + minHeight;
    String most = maxWidth + "x" + maxHeight;
    return least.equals(most) ? least : least + " to " + most;
  }
}
