package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.sampling.ImageToImage;
import io.github.tornadodiffusion.diffusion.sampling.Inpainting;
import io.github.tornadodiffusion.diffusion.sampling.Mask;
import io.github.tornadodiffusion.diffusion.sampling.ReverseProcess;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Images that sampling begins with. */
final class InitOptions {
  /** The default of diffusers' img2img. */
  private static final double STRENGTH = 0.8;

  private static final int MOST_RESAMPLING = 1000;

  @Option(
      names = "--init",
      paramLabel = "PATH",
      description = "Begin with this image, or those of a directory in turn, instead of noise.")
  String init;

  @Option(
      names = "--strength",
      paramLabel = "F",
      description =
          "Share of the steps that changes the image of --init, above 0 to 1 (default: "
              + STRENGTH
              + ").")
  Double strength;

  @Option(
      names = "--mask",
      paramLabel = "FILE",
      description =
          "Draw where this image is white and keep the pixels of --init where it is black.")
  Path mask;

  @Option(
      names = "--resample",
      paramLabel = "N",
      description =
          "How often every step of --mask is taken (default: 1); more fits the drawn part better.")
  Integer resample;

  /**
   * The requested process from noise to images.
   *
   * @param steps of the sampling
   * @param err where warnings go
   * @throws IOException in one line if an image cannot be read
   * @throws IllegalArgumentException in one line if the options or images do not fit together
   */
  ReverseProcess process(Sampling sampling, int steps, DenoisingModel model, PrintWriter err)
      throws IOException {
    check();
    if (init == null) {
      return ReverseProcess.fromNoise(sampling);
    }
    BatchShape shape = model.batch(1);
    if (shape.height() != shape.width()) {
      throw new IllegalArgumentException(
          "--init takes square images and those of the model are %d x %d; leave it out"
              .formatted(shape.width(), shape.height()));
    }
    Dataset images = Datasets.openImages(init, shape.width(), model.inChannels());
    for (String warning : images.warnings()) {
      err.println("warning: " + Messages.line(warning));
    }
    return mask == null
        ? new ImageToImage(sampling, steps, strength(), images)
        : new Inpainting(
            sampling, images, Mask.read(mask, images), resample == null ? 1 : resample);
  }

  /** The share of the steps that is taken. */
  double strength() {
    return strength == null ? STRENGTH : strength;
  }

  /**
   * Checks the options for a model that reads texts, whose parts are drawn in other ways.
   *
   * @param readsMask whether it draws parts of images alone
   */
  void checkOfTexts(boolean readsMask) {
    if (init == null && (strength != null || mask != null)) {
      check();
    }
    if (resample != null) {
      throw new IllegalArgumentException("--resample is for models without texts; leave it out");
    }
    if (readsMask && mask == null) {
      throw new IllegalArgumentException(
          "the model fills in parts of images; give one with --init and the parts with --mask");
    }
  }

  private void check() {
    if (init == null && (strength != null || mask != null)) {
      throw new IllegalArgumentException(
          (strength != null ? "--strength" : "--mask") + " needs an image; give one with --init");
    }
    if (mask == null && resample != null) {
      throw new IllegalArgumentException("--resample is for --mask; give a mask or leave it out");
    }
    if (mask != null && strength != null) {
      throw new IllegalArgumentException(
          "--strength changes whole images, --mask draws parts from noise; give one of them");
    }
    if (resample != null && (resample < 1 || resample > MOST_RESAMPLING)) {
      throw new IllegalArgumentException(
          "--resample is %d; give 1 to %d".formatted(resample, MOST_RESAMPLING));
    }
  }

  /** The files that are given, to be the same in all processes. */
  List<Path> files() {
    return Stream.of(init == null ? null : Path.of(init), mask)
        .filter(file -> file != null && Files.exists(file))
        .toList();
  }

  /** Adds the options to the text of the files. */
  void describe(Map<String, String> text) {
    if (init != null) {
      text.put("init", init);
      if (mask == null) {
        text.put("strength", Double.toString(strength == null ? STRENGTH : strength));
      } else {
        text.put("mask", mask.toString());
        text.put("resample", Integer.toString(resample == null ? 1 : resample));
      }
    }
  }
}
