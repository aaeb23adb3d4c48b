package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** The images of a zip file, which are read from it as they are needed; nothing is extracted. */
public final class ZipImages {
  private ZipImages() {}

  /** Whether a file begins as a zip file does. */
  public static boolean isZip(byte[] head) {
    return head.length > 3 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
  }

  /**
   * Opens a zip file.
   *
   * @throws IOException in one line if it is truncated or damaged
   */
  public static ImageSource open(Path file, Split split) throws IOException {
    ZipFile zip;
    try {
      zip = new ZipFile(file.toFile());
    } catch (ZipException e) {
      throw new IOException(
          "%s is truncated or damaged (%s): fetch it again".formatted(file, e.getMessage()), e);
    }
    try {
      return images(file, zip, split);
    } catch (IllegalArgumentException e) {
      zip.close();
      throw e;
    }
  }

  private static ImageSource images(Path file, ZipFile zip, Split split) {
    List<String> paths =
        zip.stream()
            .filter(entry -> !entry.isDirectory())
            .map(ZipEntry::getName)
            .filter(ImageFiles::accepts)
            .toList();
    // The file stays open for as long as its images are used; the JDK closes it with the object.
    return new ImageFiles(
        file.toString(),
        paths,
        split,
        (path, imageSize, channels) -> ImageDecoder.decode(content(zip, path), imageSize, channels),
        List.of());
  }

  private static byte[] content(ZipFile zip, String path) throws IOException {
    try (InputStream input = zip.getInputStream(zip.getEntry(path))) {
      return FileContent.bounded(input);
    } catch (EOFException e) {
      throw new IOException("the file is truncated", e);
    }
  }
}
