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
import java.util.List;

/**
 * Tells what kind of data lies at a path and opens it. A file's content decides, not its name;
 * CIFAR files alone have no mark but their names. In a directory the first of these kinds that is
 * there is taken: CIFAR files, IDX files, Parquet files (in subdirectories too), images (likewise).
 */
final class DataKinds {
  /** As much of a file as tells its kind: the first block of a tar file. */
  private static final int HEAD = 512;

  private DataKinds() {}

  /**
   * Opens what lies at a path.
   *
   * @param split the split that the user asked for, or null
   * @throws IllegalArgumentException in one line that names cause and mend
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
    List<String> names = ImageDirectory.files(directory, name -> !name.startsWith("."), warnings);
    List<Path> cifar = new ArrayList<>();
    List<Path> idx = new ArrayList<>();
    List<String> parquet = new ArrayList<>();
    for (String name : names) {
      boolean top = !name.contains("/");
      if (top && CifarImages.accepts(name)) {
        cifar.add(directory.resolve(name));
      } else if (top && name.contains("images") && isIdx(directory.resolve(name))) {
        idx.add(directory.resolve(name));
      } else if (name.endsWith(".parquet")) {
        parquet.add(name);
      }
    }
    if (!cifar.isEmpty()) {
      return CifarImages.open(directory, cifar, split);
    }
    if (!idx.isEmpty()) {
      return IdxImages.open(directory, withoutCopies(idx), split);
    }
    if (!parquet.isEmpty()) {
      return ParquetImages.open(directory, parquet, split);
    }
    return ImageDirectory.open(directory, names, split, warnings);
  }

  private static boolean isIdx(Path file) throws IOException {
    return Files.isReadable(file) && IdxImages.isImages(FileContent.head(file, HEAD));
  }

  /** The files without those that are packed copies of others. */
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
      return ParquetImages.open(file, List.of(), split);
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
      return CifarImages.open(file, List.of(file), split);
    }
    if (ImageFiles.accepts(name)) {
      throw new IOException(file + " is one image: give the directory that holds the images");
    }
    throw new IOException(file + " is of no known kind: give " + Datasets.PATHS);
  }
}
