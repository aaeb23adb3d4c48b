package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Finds the files of a directory and its subdirectories. Hidden files and directories are skipped;
 * symbolic links are followed, and a file with several paths counts once.
 */
public final class ImageDirectory {
  /** A bound: with two links in each of n nested directories there would be 2^n paths. */
  private static final int MOST_DIRECTORIES = 50_000;

  private ImageDirectory() {}

  /** Files that were found in a directory. */
  private record Found(String place, SortedMap<String, Path> files, List<String> warnings)
      implements FileTree {
    @Override
    public SortedSet<String> paths() {
      return new TreeSet<>(files.keySet());
    }

    @Override
    public byte[] content(String path) throws IOException {
      try (InputStream input = Files.newInputStream(files.get(path))) {
        return FileContent.bounded(input);
      }
    }

    @Override
    public DecodedImage decode(String path, int imageSize, int channels) throws IOException {
      return ImageDecoder.decode(files.get(path), imageSize, channels);
    }
  }

  /**
   * The images of a directory.
   *
   * @param files by their paths relative to the directory, with {@code /} between names
   * @param split the split that the user asked for, or null
   * @param warnings from listing the files
   * @throws IllegalArgumentException with one line that names cause and remedy, if there is no
   *     image
   */
  public static ImageSource open(
      Path directory, SortedMap<String, Path> files, Split split, List<String> warnings) {
    return new ImageFiles(new Found(directory.toString(), files, warnings), split);
  }

  /**
   * The files by their paths relative to the directory, with {@code /} between names, sorted in the
   * same way on every platform.
   *
   * @param wanted selects files by their paths
   * @param warnings receives what cannot be read
   */
  public static SortedMap<String, Path> files(
      Path directory, Predicate<String> wanted, List<String> warnings) {
    TreeMap<String, Path> found = new TreeMap<>();
    SimpleFileVisitor<Path> visitor =
        new SimpleFileVisitor<>() {
          private int directories;

          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            if (++directories > MOST_DIRECTORIES) {
              throw new IllegalArgumentException(
                  Messages.line(
                      "%s leads to more than %d directories: remove links in it that lead around"
                          .formatted(directory, MOST_DIRECTORIES)));
            }
            return !path.equals(directory) && path.getFileName().toString().startsWith(".")
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            String relative = directory.relativize(path).toString().replace('\\', '/');
            // A link gets here only if its target is missing; it then counts as unreadable.
            boolean file = attributes.isRegularFile() || attributes.isSymbolicLink();
            if (file && wanted.test(relative) && found.putIfAbsent(relative, path) != null) {
              warnings.add(
                  Messages.line(path + " is left out: another file has the same name here"));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException problem) {
            if (!(problem instanceof FileSystemLoopException)) {
              warnings.add(Messages.line("cannot read " + path + ": " + problem));
            }
            return FileVisitResult.CONTINUE;
          }
        };
    try {
      Files.walkFileTree(
          directory, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          Messages.line("cannot list " + directory + ": " + e + ": check its permissions"), e);
    }
    Set<Path> seen = new HashSet<>();
    List<String> repeated = new ArrayList<>();
    found
        .entrySet()
        .removeIf(file -> {
          boolean again = !seen.add(real(file.getValue()));
          if (again && ImageFiles.accepts(file.getKey())) {
            repeated.add(file.getKey());
          }
          return again;
        });
    ArchiveFiles.warn(repeated, ArchiveFiles.REPEATED.formatted(directory), warnings);
    return found;
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path;
    }
  }
}
