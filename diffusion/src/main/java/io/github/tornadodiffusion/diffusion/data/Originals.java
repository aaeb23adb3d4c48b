package io.github.tornadodiffusion.diffusion.data;

/**
 * What the images of a data set were in their files.
 *
 * @param count images that were looked at
 * @param sizes before they were cropped and resized
 * @param coloured how many have colour
 * @param halved how many have lost more than half of their width and height
 */
public record Originals(int count, ImageSizes sizes, int coloured, int halved) {
  /**
   * One image.
   *
   * @param imageSize the width and height that it was resized to
   */
  public static Originals of(int width, int height, boolean colour, int imageSize) {
    boolean half = Math.min(width, height) > 2 * imageSize;
    return new Originals(1, ImageSizes.of(width, height), colour ? 1 : 0, half ? 1 : 0);
  }

  /** These images and others. */
  public Originals with(Originals other) {
    return new Originals(
        count + other.count,
        sizes.with(other.sizes),
        coloured + other.coloured,
        halved + other.halved);
  }

  /** Such as {@code 20x30 to 640x480 pixels, colour}. */
  public String describe() {
    String colours =
        coloured == 0
            ? "grey"
            : coloured == count ? "colour" : coloured + " of " + count + " in colour";
    return sizes + " pixels, " + colours;
  }
}
