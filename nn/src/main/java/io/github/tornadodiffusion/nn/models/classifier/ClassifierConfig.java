package io.github.tornadodiffusion.nn.models.classifier;

/**
 * The shape of a {@link Classifier}.
 *
 * @param channels of the images
 * @param height of the images in pixels
 * @param width of the images in pixels
 * @param classes at least 2
 * @param blockChannels channels of the first convolution; each halving of the image doubles them,
 *     up to four times as many
 * @param features of an image, from which its class is computed
 */
public record ClassifierConfig(
    int channels, int height, int width, int classes, int blockChannels, int features) {
  /** Checks the sizes. */
  public ClassifierConfig {
    if (channels < 1 || height < 1 || width < 1 || blockChannels < 1 || features < 1) {
      throw new IllegalArgumentException(
          "A classifier of %d x %d x %d images with %d channels and %d features is empty: use 1 or more"
              .formatted(channels, height, width, blockChannels, features));
    }
    if (classes < 2) {
      throw new IllegalArgumentException(
          "There is nothing to tell between %d classes: use at least 2".formatted(classes));
    }
  }

  /** A small classifier of square images. */
  public static ClassifierConfig of(int channels, int imageSize, int classes) {
    return new ClassifierConfig(channels, imageSize, imageSize, classes, 32, 64);
  }
}
