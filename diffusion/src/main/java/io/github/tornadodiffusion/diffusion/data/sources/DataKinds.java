package io.github.tornadodiffusion.diffusion.data.sources;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.formats.CifarImages;
import io.github.tornadodiffusion.diffusion.data.formats.FileContent;
import io.github.tornadodiffusion.diffusion.data.formats.IdxImages;
import io.github.tornadodiffusion.diffusion.data.formats.ImageDirectory;
import io.github.tornadodiffusion.diffusion.data.formats.ImageFiles;
import io.github.tornadodiffusion.diffusion.data.formats.ImageSource;
import io.github.tornadodiffusion.diffusion.data.formats.ParquetImages;
import io.github.tornadodiffusion.diffusion.data.formats.TarImages;
import io.github.tornadodiffusion.diffusion.data.formats.ZipImages;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.regex.Pattern;

/**
 * Recognises the kind of data at a path and opens it. The content of a file decides, not its name;
 * only CIFAR files are recognised by name. In a directory the first of these kinds that exists is
 * taken: CIFAR files, IDX files, Parquet files (in subdirectories too), images (likewise).
 */
final class DataKinds {
  /** How much of a file is read to recognise it: the first block of a tar file. */
  private static final int HEAD = 512;

  private static final Pattern IDX_NAME = Pattern.compile(".*(images|idx3).*");

  /** Labels beside images, not a data set. */
  private static final Pattern METADATA = Pattern.compile("(.*/)?metadata\\.parquet");

  /** Compressed formats that are not read, by their first bytes. */
  private static final Map<String, String> PACKED =
      Map.of(
          "425a68", "bzip2",
          "fd377a585a00", "xz",
          "28b52ffd", "Zstandard",
          "377abcaf271c", "7-Zip",
          "526172211a07", "RAR");

  private DataKinds() {}

  /**
   * Opens what lies at a path.
   *
   * @param split the split that the user asked for, or null
   * @throws IllegalArgumentException in one line that names cause and remedy
   */
  static ImageSource open(Path path, Split split) {
    try {
      return Files.isDirectory(path) ? directory(path, split) : file(path, split);
    } catch (FileSystemException e) {
      String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
      throw new IllegalArgumentException(
          Messages.line("cannot read " + e.getFile() + " (" + reason + "): check its permissions"),
          e);
    } catch (IOException e) {
      throw new IllegalArgumentException(Messages.line(String.valueOf(e.getMessage())), e);
    }
  }

  private static ImageSource directory(Path directory, Split split) throws IOException {
    List<String> warnings = new ArrayList<>();
    SortedMap<String, Path> files =
        ImageDirectory.files(directory, name -> !name.startsWith("."), warnings);
    List<Path> cifar = new ArrayList<>();
    List<Path> idx = new ArrayList<>();
    List<String> parquet = new ArrayList<>();
    boolean images = files.keySet().stream().anyMatch(ImageFiles::accepts);
    for (Map.Entry<String, Path> file : files.entrySet()) {
      String name = file.getKey();
      boolean top = !name.contains("/");
      if (top && CifarImages.accepts(name)) {
        cifar.add(file.getValue());
      } else if (top && IDX_NAME.matcher(name).matches() && isIdx(file.getValue())) {
        idx.add(file.getValue());
      } else if (name.endsWith(".parquet") && !(images && METADATA.matcher(name).matches())) {
        parquet.add(name);
      }
    }
    boolean others = !cifar.isEmpty() && !idx.isEmpty() || !parquet.isEmpty() || images;
    if (!cifar.isEmpty()) {
      warnOfOthers(warnings, directory, "CIFAR", others);
      return CifarImages.open(directory, cifar, split, warnings);
    }
    if (!idx.isEmpty()) {
      warnOfOthers(warnings, directory, "IDX", others);
      return IdxImages.open(directory, withoutCopies(idx), split, warnings);
    }
    if (!parquet.isEmpty()) {
      warnOfOthers(warnings, directory, "Parquet", images);
      return ParquetImages.open(directory, parquet, split, warnings);
    }
    return ImageDirectory.open(directory, files, split, warnings);
  }

  private static void warnOfOthers(
      List<String> warnings, Path directory, String kind, boolean others) {
    if (others) {
      warnings.add(
          Messages.line(
              "%s also holds images of other kinds, which are not read: only its %s files are"
                  .formatted(directory, kind)));
    }
  }

  private static boolean isIdx(Path file) throws IOException {
    return Files.isReadable(file) && IdxImages.isImages(FileContent.head(file, HEAD));
  }

  /** The files, except for compressed copies of others. */
  private static List<Path> withoutCopies(List<Path> files) {
    return files.stream()
        .filter(file -> {
          String name = file.getFileName().toString();
          return !name.endsWith(".gz")
              || !files.contains(file.resolveSibling(name.substring(0, name.length() - 3)));
        })
        .toList();
  }

  private static ImageSource file(Path file, Split split) throws IOException {
    byte[] head = FileContent.head(file, HEAD);
    String name = file.getFileName().toString();
    if (head.length == 0) {
      throw new IOException(file + " is empty: give " + Datasets.PATHS);
    }
    if (ParquetImages.isParquet(head)) {
      return ParquetImages.open(file, List.of(), split, List.of());
    }
    if (ZipImages.isZip(head)) {
      return ZipImages.open(file, split);
    }
    if (IdxImages.isImages(head)) {
      return IdxImages.open(file, split);
    }
    if (IdxImages.isLabels(head)) {
      throw new IOException(file + " holds labels: give the file of images that it belongs to");
    }
    if (TarImages.isTar(head)) {
      return TarImages.open(file, split);
    }
    if (CifarImages.accepts(name)) {
      return CifarImages.open(file, List.of(file), split, List.of());
    }
    if (ImageFiles.accepts(name)) {
      throw new IOException(file + " is one image: give the directory that holds the images");
    }
    String start = HexFormat.of().formatHex(head, 0, Math.min(head.length, 6));
    for (Map.Entry<String, String> packed : PACKED.entrySet()) {
      if (start.startsWith(packed.getKey())) {
        throw new IOException(
            "%s is packed with %s, which is not read: unpack it first"
                .formatted(file, packed.getValue()));
      }
    }
    throw new IOException(file + " is of no known kind: give " + Datasets.PATHS);
  }
}
