package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The options that say to which files samples are written. */
final class SampleOutputs {
  static final String GIF = ".gif";

  /** The most images in the picture if they are also written one by one. */
  static final int PICTURED = 256;

  /** Images in a strip or an animation. */
  static final int FILMED = 8;

  static final int STRIP_FRAMES = 10;
  static final int GIF_FRAMES = 50;

  /** The size of a PNG file without its pixels: text and structure, in bytes. */
  private static final long PNG_OVERHEAD = 2048;

  @Option(
      names = "--out",
      paramLabel = "FILE.png",
      description = "The images side by side; an earlier file is replaced once it is complete.")
  Path out;

  @Option(
      names = "--images",
      paramLabel = "DIR",
      description = "The single images as DIR/00000.png and so on; DIR is new or empty.")
  Path images;

  @Option(
      names = "--resume",
      description =
          "Go on with the first image that is missing in --images; those that are there are kept.")
  boolean resume;

  @Option(
      names = "--strip",
      paramLabel = "FILE.png",
      description = "How the first images come out of the noise, a row an image.")
  Path strip;

  @Option(names = "--gif", paramLabel = "FILE.gif", description = "The same as an animation.")
  Path gif;

  /**
   * Checks what can be checked without a model and without making anything.
   *
   * @param writes whether this process writes them
   * @throws IOException in one line if a file or directory cannot be used
   */
  void check(boolean writes) throws IOException {
    if (Stream.of(out, images, strip, gif).allMatch(path -> path == null)) {
      throw new IllegalArgumentException(
          "nothing says where the images go; give --out FILE.png, --images DIR, --strip FILE.png"
              + " or --gif FILE.gif");
    }
    checkName("--out", out, OutputFiles.PNG);
    checkName("--strip", strip, OutputFiles.PNG);
    checkName("--gif", gif, GIF);
    Set<Path> seen = new HashSet<>();
    for (Path path : new Path[] {out, images, strip, gif}) {
      if (path != null && !seen.add(path.toAbsolutePath().normalize())) {
        throw new IllegalArgumentException(
            path + " is asked for twice; give every output a name of its own");
      }
    }
    if (resume && images == null) {
      throw new IllegalArgumentException("--resume needs --images DIR, the images to go on with");
    }
    if (resume && (strip != null || gif != null)) {
      throw new IllegalArgumentException(
          "--strip and --gif show how the first images come about, which --resume does not draw"
              + " again; leave them out");
    }
    if (writes && images != null && !resume) {
      DiffusionModel.checkFree(images);
    }
  }

  private static void checkName(String option, Path file, String extension) throws IOException {
    if (file != null) {
      OutputFiles.checkName(option, file, extension);
    }
  }

  /**
   * Makes the directories and checks that everything can be written there.
   *
   * @param shape of an image
   * @throws IOException in one line if not
   */
  void prepare(int count, Film.ImageShape shape) throws IOException {
    if (images != null) {
      long bytes = 3L * shape.height() * shape.width() + PNG_OVERHEAD;
      OutputFiles.checkRoom("--images", images, count * bytes);
      OutputFiles.prepareDirectory("--images", images);
    }
    prepare("--out", out, OutputFiles.PNG);
    prepare("--strip", strip, OutputFiles.PNG);
    prepare("--gif", gif, GIF);
  }

  private static void prepare(String option, Path file, String extension) throws IOException {
    if (file != null) {
      OutputFiles.prepare(option, file, extension);
    }
  }

  /** How many images the picture shows. */
  int pictured(int count) {
    if (out == null) {
      return 0;
    }
    return images == null ? count : Math.min(count, PICTURED);
  }

  /** How many images a strip or an animation shows. */
  static int filmed(int count, int batch) {
    return Math.min(FILMED, Math.min(count, batch));
  }

  /**
   * The values that strip and animation keep in memory.
   *
   * @param calls of the model for a batch
   */
  long filmFloats(int count, int batch, Film.ImageShape shape, int calls) {
    // The strip is assembled from a copy, and drawn with at least as many pixels.
    long frames = strip == null ? 0 : 3L * Film.frames(calls, STRIP_FRAMES);
    frames += gif == null ? 0 : Film.frames(calls, GIF_FRAMES);
    return frames * filmed(count, batch) * shape.length();
  }
}
