package io.github.tornadodiffusion.diffusion;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Opens data sets by the name a user gives on the command line. */
public final class Datasets {
  private static final String ACCEPTED =
      "give digits, butterflies, butterflies:COUNT or the path of a directory of images";
  private static final String BUTTERFLIES = "butterflies";
  private static final int MAX_IMAGE_SIZE = 4096;

  private Datasets() {}

  /**
   * Opens a data set.
   *
   * @param source {@code digits}, {@code butterflies}, {@code butterflies:COUNT} or the path of a
   *     directory of images; a directory that is itself called {@code digits} is {@code ./digits}
   * @param imageSize width and height of the images in pixels
   * @param channels 1 (grey) or 3 (red, green, blue)
   * @param seed of what is drawn (butterflies); data that is read does not depend on it
   * @throws IllegalArgumentException with one line that names cause and mend
   */
  public static Dataset open(String source, int imageSize, int channels, long seed) {
    if (channels != 1 && channels != 3) {
      throw new IllegalArgumentException(
          "images have 1 (grey) or 3 (colour) channels, not "
              + channels
              + ": choose a model with in_channels 1 or 3");
    }
    if (imageSize < 1 || imageSize > MAX_IMAGE_SIZE) {
      throw new IllegalArgumentException(
          "image size " + imageSize + " is out of range: choose 1 to " + MAX_IMAGE_SIZE);
    }
    if (source.equals("digits")) {
      return new Digits(imageSize, channels);
    }
    if (source.equals(BUTTERFLIES)) {
      return new Butterflies(Butterflies.DEFAULT_COUNT, imageSize, channels, seed);
    }
    if (source.startsWith(BUTTERFLIES + ":")) {
      return new Butterflies(count(source), imageSize, channels, seed);
    }
    return ImageDirectory.read(directory(source), imageSize, channels);
  }

  private static int count(String source) {
    String digits = source.substring(BUTTERFLIES.length() + 1);
    if (!digits.matches("[0-9]{1,9}") || Integer.parseInt(digits) == 0) {
      throw new IllegalArgumentException(
          "'"
              + digits
              + "' is no number of butterflies: give butterflies:COUNT with COUNT 1 to 999999999");
    }
    return Integer.parseInt(digits);
  }

  private static Path directory(String source) {
    Path path;
    try {
      path = Path.of(source);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("no data set '" + source + "': " + ACCEPTED, e);
    }
    if (source.isBlank() || !Files.exists(path)) {
      throw new IllegalArgumentException("no data set or directory '" + source + "': " + ACCEPTED);
    }
    return path;
  }
}
