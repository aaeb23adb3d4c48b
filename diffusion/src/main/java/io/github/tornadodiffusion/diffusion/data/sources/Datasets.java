package io.github.tornadodiffusion.diffusion.data.sources;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.Originals;
import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.Subset;
import io.github.tornadodiffusion.diffusion.data.butterflies.Butterflies;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.formats.ImageDirectory;
import io.github.tornadodiffusion.diffusion.data.formats.ImageFiles;
import io.github.tornadodiffusion.diffusion.data.formats.ImageSource;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

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
  private static final int LOOKED_AT = 100;
  private static final int LOOKED_SIZE = 32;

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
    return open(source, imageSize, channels, seed, Integer.MAX_VALUE);
  }

  /**
   * Opens a part of a data set; the others of its images are not even read.
   *
   * @param most images, evenly spread over all; the other parameters are those of {@link
   *     #open(String, int, int, long)}
   * @throws IllegalArgumentException with one line that names cause and remedy
   */
  public static Dataset open(String source, int imageSize, int channels, long seed, int most) {
    check(imageSize, channels);
    if (source.equals("digits")) {
      Dataset digits = new Digits(imageSize, channels);
      return digits.size() <= most
          ? digits
          : new Subset(digits, spread(digits.size(), most), "every");
    }
    if (isOwn(source)) {
      int count = source.equals(BUTTERFLIES) ? Butterflies.DEFAULT_COUNT : count(source);
      return new Butterflies(Math.min(count, most), imageSize, channels, seed);
    }
    ImageSource all = source(source);
    ImageSource some = all.size() <= most ? all : new SomeImages(all, spread(all.size(), most));
    return CachedImages.open(some, imageSize, channels, CachedImages.defaultCacheBytes());
  }

  private static int[] spread(int size, int most) {
    return IntStream.range(0, most).map(i -> (int) ((long) i * size / most)).toArray();
  }

  /**
   * Opens images with captions, which are the names of their classes; images without a caption are
   * left out.
   *
   * @param column of a table, where the captions are in one
   * @throws IOException in one line if no image has a caption
   * @throws IllegalArgumentException in one line if the images cannot be read
   */
  public static Dataset openCaptioned(String source, int imageSize, int channels, String column)
      throws IOException {
    check(imageSize, channels);
    ImageSource all = source(source);
    List<String> captions = all.captions(column);
    int[] captioned = IntStream.range(0, all.size()).filter(i -> captions.get(i) != null).toArray();
    if (captioned.length == 0) {
      throw new IOException(
          Messages.line(
              "none of the %d images in %s has a caption: give them in metadata.jsonl or"
                      .formatted(all.size(), all.place())
                  + " metadata.csv (file_name, %s) or in .txt files beside the images"
                      .formatted(column)));
    }
    List<String> names =
        new TreeSet<>(captions.stream().filter(Objects::nonNull).toList()).stream().toList();
    Map<String, Integer> numbers = new HashMap<>();
    names.forEach(name -> numbers.put(name, numbers.size()));
    List<String> warnings = new ArrayList<>(all.warnings());
    if (captioned.length < all.size()) {
      int first =
          IntStream.range(0, all.size())
              .filter(i -> captions.get(i) == null)
              .findFirst()
              .orElseThrow();
      warnings.add(
          Messages.line(
              "%d of %d images in %s have no caption and are left out, such as %s"
                  .formatted(
                      all.size() - captioned.length, all.size(), all.place(), all.name(first))));
    }
    return CachedImages.open(
        new SomeImages(
            all, captioned, i -> numbers.get(captions.get(i)), names, List.copyOf(warnings)),
        imageSize,
        channels,
        CachedImages.defaultCacheBytes());
  }

  /** Some images of a source, with labels of their own. */
  private record SomeImages(
      ImageSource all,
      int[] indices,
      IntUnaryOperator labels,
      List<String> classNames,
      List<String> warnings)
      implements ImageSource {
    SomeImages(ImageSource all, int[] indices) {
      this(all, indices, all::label, all.classNames(), all.warnings());
    }

    @Override
    public String place() {
      return all.place();
    }

    @Override
    public int size() {
      return indices.length;
    }

    @Override
    public String name(int index) {
      return all.name(indices[index]);
    }

    @Override
    public DecodedImage decode(int index, int imageSize, int channels) throws IOException {
      return all.decode(indices[index], imageSize, channels);
    }

    @Override
    public int label(int index) {
      return labels.applyAsInt(indices[index]);
    }
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

  /**
   * What images of a source are in their files, by a hundred of them that are spread over all.
   *
   * @param source as in {@link #open}
   * @return empty for images that come from no file, and if none of them can be read
   * @throws IllegalArgumentException with one line that names cause and remedy
   */
  public static Optional<Originals> look(String source) {
    return isOwn(source)
        ? Optional.empty()
        : CachedImages.look(source(source), LOOKED_AT, LOOKED_SIZE);
  }

  /** Whether the images are the program's own. */
  private static boolean isOwn(String source) {
    return source.equals("digits")
        || source.equals(BUTTERFLIES)
        || source.startsWith(BUTTERFLIES + ":");
  }

  /** Opens images at a path, with a bound of its own on the decoded images kept in memory. */
  public static Dataset openPath(String source, int imageSize, int channels, long cacheBytes) {
    return CachedImages.open(source(source), imageSize, channels, cacheBytes);
  }

  private static ImageSource source(String source) {
    Path whole = path(source);
    int colon = source.lastIndexOf(':');
    Optional<Split> split =
        colon < 1 || whole != null ? Optional.empty() : Split.of(source.substring(colon + 1));
    Path path = split.isPresent() ? path(source.substring(0, colon)) : whole;
    if (path == null) {
      throw new IllegalArgumentException("no data set or path '" + source + "': " + ACCEPTED);
    }
    return DataKinds.open(path, split.orElse(null));
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
