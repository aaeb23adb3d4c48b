package io.github.tornadodiffusion.diffusion;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The PNG, JPEG, GIF and BMP files of a directory and its subdirectories, in the order of their
 * paths, decoded once and held in memory as bytes.
 *
 * <p>Images of any size are composited over white where they are transparent, cropped to their
 * centre square and resized bicubically. Hidden files and directories are passed over; symbolic
 * links are followed, and a file that several paths lead to counts once. Files that cannot be
 * decoded are skipped with a warning.
 */
public final class ImageDirectory implements Dataset {
  private static final Pattern EXTENSION =
      Pattern.compile(".*\\.(png|jpg|jpeg|jpe|jfif|gif|bmp)", Pattern.DOTALL);

  private final Path directory;
  private final int imageSize;
  private final int channels;
  private final byte[][] images;
  private final List<String> warnings;

  private record Decoded(byte[] pixels, String problem) {}

  private ImageDirectory(
      Path directory, int imageSize, int channels, byte[][] images, List<String> warnings) {
    this.directory = directory;
    this.imageSize = imageSize;
    this.channels = channels;
    this.images = images;
    this.warnings = List.copyOf(warnings);
  }

  /**
   * Reads a directory of images.
   *
   * @param imageSize width and height the images are resized to
   * @param channels 3, or 1 for grey (ITU-R 601)
   * @throws IllegalArgumentException with one line that names cause and mend, if there is no such
   *     directory or no image in it that can be read
   */
  public static ImageDirectory read(Path directory, int imageSize, int channels) {
    if (!Files.isDirectory(directory)) {
      throw new IllegalArgumentException(
          Files.exists(directory)
              ? oneLine(directory + " is a file: give the directory that holds the images")
              : oneLine("no such directory: " + directory + ": give a directory of images"));
    }
    List<String> warnings = new ArrayList<>();
    List<Path> files = files(directory, warnings);
    if (files.isEmpty()) {
      throw new IllegalArgumentException(
          oneLine(
              directory
                  + " holds no images: give a directory of PNG, JPEG, GIF or BMP files"
                  + (warnings.isEmpty() ? "" : " (" + warnings.getFirst() + ")")));
    }
    ImageBytes.checkMemory(files.size(), channels, imageSize);
    List<Decoded> decoded =
        IntStream.range(0, files.size())
            .parallel()
            .mapToObj(i -> decode(directory.resolve(files.get(i)), imageSize, channels))
            .toList();
    byte[][] images =
        decoded.stream().filter(d -> d.problem == null).map(Decoded::pixels).toArray(byte[][]::new);
    int skipped = files.size() - images.length;
    if (skipped > 0) {
      int first = 0;
      while (decoded.get(first).problem == null) {
        first++;
      }
      String example = files.get(first) + ": " + decoded.get(first).problem;
      if (images.length == 0) {
        throw new IllegalArgumentException(
            oneLine(
                "none of the %d images in %s can be read: %s; give PNG, JPEG, GIF or BMP files"
                    .formatted(skipped, directory, example)));
      }
      warnings.add(
          oneLine(
              "%d of %d images in %s cannot be read and are skipped, the first is %s"
                  .formatted(skipped, files.size(), directory, example)));
    }
    return new ImageDirectory(directory, imageSize, channels, images, warnings);
  }

  /** The images' paths relative to the directory, sorted alike on every platform. */
  private static List<Path> files(Path directory, List<String> warnings) {
    Map<String, Path> found = new TreeMap<>();
    SimpleFileVisitor<Path> visitor =
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            return !path.equals(directory) && hidden(path)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            // A link arrives here only when it leads nowhere; it then counts as unreadable.
            boolean file = attributes.isRegularFile() || attributes.isSymbolicLink();
            if (file && !hidden(path) && EXTENSION.matcher(lowerCaseName(path)).matches()) {
              Path relative = directory.relativize(path);
              found.put(relative.toString().replace('\\', '/'), relative);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException problem) {
            if (!(problem instanceof FileSystemLoopException)) {
              warnings.add(oneLine("cannot read " + path + ": " + problem));
            }
            return FileVisitResult.CONTINUE;
          }
        };
    try {
      Files.walkFileTree(
          directory, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          oneLine("cannot list " + directory + ": " + e + ": check its permissions"), e);
    }
    Set<Path> seen = new HashSet<>();
    return found.values().stream().filter(f -> seen.add(real(directory.resolve(f)))).toList();
  }

  private static boolean hidden(Path path) {
    return lowerCaseName(path).startsWith(".");
  }

  private static String lowerCaseName(Path path) {
    return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path;
    }
  }

  private static Decoded decode(Path file, int imageSize, int channels) {
    try {
      return new Decoded(ImageDecoder.decode(file.toFile(), imageSize, channels), null);
    } catch (IOException e) {
      return new Decoded(null, String.valueOf(e.getMessage()));
    }
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\s*[\\r\\n]+\\s*", " ");
  }

  @Override
  public String name() {
    return directory.toString();
  }

  @Override
  public int size() {
    return images.length;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  @Override
  public float[] image(int index) {
    return ImageBytes.toFloats(images[index]);
  }

  @Override
  public int label(int index) {
    return -1;
  }

  @Override
  public int classes() {
    return 0;
  }

  @Override
  public String hash() {
    return ImageBytes.hash(images, channels, imageSize);
  }

  @Override
  public List<String> warnings() {
    return warnings;
  }
}
