package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** SHA-256 of the files of a directory, in a file with the format of {@code sha256sum}. */
final class Checksums {
  static final String FILE = "SHA256SUMS";

  /** Where the name starts in a line: after the sum and two characters. */
  private static final int NAME = 64 + 2;

  private Checksums() {}

  /** Writes the sums of files as they are on disk now. */
  static void write(Path directory, List<String> names) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (String name : names) {
      lines.append(Sha256.of(directory.resolve(name))).append("  ").append(name).append('\n');
    }
    AtomicFiles.write(directory.resolve(FILE), lines.toString());
  }

  /**
   * Checks the files that {@link #write} listed.
   *
   * @throws IOException in one line naming the first file that is missing or differs
   */
  static void check(Path directory) throws IOException {
    Path sums = directory.resolve(FILE);
    if (!Files.isRegularFile(sums)) {
      throw new IOException(sums + " is missing");
    }
    List<String> lines = Files.readAllLines(sums, StandardCharsets.ISO_8859_1);
    if (lines.isEmpty()) {
      throw new IOException(sums + " is damaged");
    }
    for (String line : lines) {
      if (!line.matches("[0-9a-f]{64}  [A-Za-z._]{1,64}")) {
        throw new IOException(sums + " is damaged");
      }
      Path file = directory.resolve(line.substring(NAME));
      try {
        if (!Sha256.of(file).equals(line.substring(0, 64))) {
          throw new IOException(file + " is damaged: its checksum differs");
        }
      } catch (NoSuchFileException e) {
        throw new IOException(file + " is missing", e);
      }
    }
  }
}
