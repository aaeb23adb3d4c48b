package io.github.tornadodiffusion.diffusion.data.sources;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.butterflies.Butterflies;
import io.github.tornadodiffusion.diffusion.data.formats.ImageDirectory;
import io.github.tornadodiffusion.diffusion.data.formats.ImageFiles;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Opens data sets by the name a user gives on the command line. */
public final class Datasets {
  /** What a path may name. */
  static final String PATHS =
      "a directory of images, a zip or tar file of images, Parquet files, MNIST's IDX files or"
          + " CIFAR's .bin files";

  private static final String ACCEPTED =
      "give digits, butterflies, butterflies:COUNT or the path of " + PATHS;
  private static final String BUTTERFLIES = "butterflies";
  private static final int MAX_IMAGE_SIZE = 4096;

  private Datasets() {}

  /**
   * Opens a data set.
   *
   * @param source {@code digits}, {@code butterflies}, {@code butterflies:COUNT} or the path of
   *     images, see {@link DataKinds}; a directory that is itself called {@code digits} is {@code
   *     ./digits}. Where files keep training and test images apart, a path means those for
   *     training, and {@code PATH:test}, {@code PATH:validation} or {@code PATH:all} others
   * @param imageSize width and height of the images in pixels
   * @param channels 1 (grey) or 3 (red, green, blue)
   * @param seed of generated images (butterflies); files do not depend on it
   * @throws IllegalArgumentException with one line that names cause and remedy
   */
  public static Dataset open(String source, int imageSize, int channels, long seed) {
    check(imageSize, channels);
    if (source.equals("digits")) {
      return new Digits(imageSize, channels);
    }
    if (source.equals(BUTTERFLIES)) {
      return new Butterflies(Butterflies.DEFAULT_COUNT, imageSize, channels, seed);
    }
    if (source.startsWith(BUTTERFLIES + ":")) {
      return new Butterflies(count(source), imageSize, channels, seed);
    }
    return openPath(source, imageSize, channels, CachedImages.defaultCacheBytes());
  }

  /**
   * Opens images that sampling begins with: one file, or anything that {@link #open} accepts.
   *
   * @param imageSize width and height of the images in pixels
   * @param channels 1 (grey) or 3 (red, green, blue)
   * @throws IllegalArgumentException with one line that names cause and remedy
   */
  public static Dataset openImages(String source, int imageSize, int channels) {
    Path path = path(source);
    if (path == null
        || !Files.isRegularFile(path)
        || !ImageFiles.accepts(path.getFileName().toString())) {
      return open(source, imageSize, channels, 0);
    }
    Path file = path.toAbsolutePath();
    check(imageSize, channels);
    return CachedImages.open(
        ImageDirectory.open(
            file.getParent(),
            new TreeMap<>(Map.of(file.getFileName().toString(), file)),
            null,
            List.of()),
        imageSize,
        channels,
        CachedImages.defaultCacheBytes());
  }

  /** Opens images at a path, with a bound of its own on the decoded images kept in memory. */
  public static Dataset openPath(String source, int imageSize, int channels, long cacheBytes) {
    Path whole = path(source);
    int colon = source.lastIndexOf(':');
    Optional<Split> split =
        colon < 1 || whole != null ? Optional.empty() : Split.of(source.substring(colon + 1));
    Path path = split.isPresent() ? path(source.substring(0, colon)) : whole;
    if (path == null) {
      throw new IllegalArgumentException("no data set or path '" + source + "': " + ACCEPTED);
    }
    return CachedImages.open(
        DataKinds.open(path, split.orElse(null)), imageSize, channels, cacheBytes);
  }

  private static void check(int imageSize, int channels) {
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

  /** The path, or null if no file is there. */
  private static Path path(String source) {
    try {
      Path path = Path.of(source);
      return !source.isBlank() && Files.exists(path) ? path : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }
}
