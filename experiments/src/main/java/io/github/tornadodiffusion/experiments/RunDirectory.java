package io.github.tornadodiffusion.experiments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/**
 * The files of a training run beside the model's own.
 *
 * @param path the directory
 */
record RunDirectory(Path path) {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  /** A new directory in {@code runs/}, named after the preset and the time. */
  static RunDirectory named(String preset) {
    return new RunDirectory(
        Path.of("runs", preset + "-" + LocalDateTime.now(ZoneId.systemDefault()).format(TIME)));
  }

  /**
   * Checks that a run can begin here.
   *
   * @throws IOException in one line if there is one already, or anything else
   */
  void checkFree() throws IOException {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new IOException("%s is a file; choose another --out".formatted(path));
    }
    if (!Files.isDirectory(path)) {
      return;
    }
    if (Files.exists(manifest())) {
      throw new IOException(
          "%s already holds a run; choose another --out, or continue it with --resume"
              .formatted(path));
    }
    try (var entries = Files.list(path)) {
      if (entries.findAny().isPresent()) {
        throw new IOException("%s is not empty; choose another --out".formatted(path));
      }
    }
  }

  Path samples() {
    return path.resolve("samples.png");
  }

  Path lossCsv() {
    return path.resolve("loss.csv");
  }

  Path lossPlot() {
    return path.resolve("loss.png");
  }

  Path manifest() {
    return path.resolve("manifest.json");
  }
}
