package io.github.tornadodiffusion.experiments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks where a command will write before it computes for minutes. */
final class OutputFiles {
  static final String PNG = ".png";
  static final String SAFETENSORS = ".safetensors";
  static final String JSON = ".json";

  private OutputFiles() {}

  /**
   * Checks that a file can be written and makes its directory. An earlier file may be replaced if
   * its name ends as its content asks, so that a mixed-up argument costs nobody a file.
   *
   * @param option that names the file
   * @throws IOException in one line if not
   */
  static void prepare(String option, Path file, String extension) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(
          "%s %s is a directory; give the name of a file".formatted(option, file));
    }
    if (Files.exists(file) && Files.size(file) > 0 && !file.toString().endsWith(extension)) {
      throw new IOException(
          "%s %s exists and is no %s file; give another name".formatted(option, file, extension));
    }
    prepareDirectory(option, file.toAbsolutePath().getParent());
  }

  /**
   * Makes a directory with its parents, unless it is there, and checks that it can be written to.
   *
   * @param option that names the directory or a file in it
   * @throws IOException in one line if not
   */
  static void prepareDirectory(String option, Path directory) throws IOException {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new IOException(
          "cannot make the directory %s; choose another place for %s".formatted(directory, option),
          e);
    }
    if (!Files.isWritable(directory)) {
      throw new IOException(
          "no permission to write to %s; choose another place for %s".formatted(directory, option));
    }
  }
}
