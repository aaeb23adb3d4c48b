package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.ClassLabels;
import io.github.tornadodiffusion.diffusion.DiffusionModel;
import io.github.tornadodiffusion.diffusion.ImageGrid;
import io.github.tornadodiffusion.diffusion.Pipeline;
import io.github.tornadodiffusion.diffusion.Sampling;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.UNet2DConfig;
import io.github.tornadodiffusion.nn.UNetInference;
import java.awt.image.BufferedImage;
import java.util.stream.IntStream;

/** A model on a device, ready to sample images of its own size. */
final class ModelSampler implements AutoCloseable {
  /** More images at once use more memory and gain little. */
  static final int MOST_IMAGES = 16;

  private final UNet2DConfig config;
  private final UNetInference inference;
  private final int batch;

  private ModelSampler(UNet2DConfig config, UNetInference inference, int batch) {
    this.config = config;
    this.inference = inference;
    this.batch = batch;
  }

  /**
   * Puts a model on a device.
   *
   * @throws IllegalArgumentException if the model does not say its image size or memory is too
   *     little
   */
  static ModelSampler open(Engine engine, DiffusionModel model, int batch) {
    UNet2DConfig config = model.unet();
    checkMemory(config, batch, batch, "--batch");
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    return new ModelSampler(
        config,
        UNetInference.open(engine, config, model.parameters(), batch, height, width),
        batch);
  }

  /**
   * Checks that a model can be sampled, with all its images and their picture in memory.
   *
   * @param batch images at once
   * @param count images in all
   * @param options which options make the need smaller
   * @throws IllegalArgumentException if the model does not say its image size or memory is too
   *     little
   */
  static void checkMemory(UNet2DConfig config, int batch, int count, String options) {
    if (config.sampleSize() == null) {
      throw new IllegalArgumentException(
          "the model's config.json has no sample_size; add the image size in pixels");
    }
    if (config.inChannels() != config.outChannels()) {
      throw new IllegalArgumentException(
          "the model makes %d channels from %d; only models with as many can be sampled"
              .formatted(config.outChannels(), config.inChannels()));
    }
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    long values = (long) count * config.outChannels() * height * width;
    long pixels = ImageGrid.pixels(count, height, width);
    if (Math.max(values, pixels) > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException(
          "%d images are more than one picture holds; use a smaller %s".formatted(count, options));
    }
    // The picture is in memory as pixels and as the bytes of a file.
    new MemoryNeed(
            UNetInference.arenaFloats(config, batch, height, width),
            MemoryNeed.parameters(config) + values + 2 * pixels)
        .check(options);
  }

  /**
   * Samples images, see {@link Pipeline#sample}.
   *
   * @throws IllegalStateException in one line if what comes out is not numbers
   */
  float[] sample(
      Sampling sampling, int count, long seed, int[] labels, Pipeline.Progress progress) {
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    float[] images =
        new Pipeline(inference::predict, batch, config.outChannels(), height, width)
            .sample(sampling, count, seed, labels, progress);
    for (float value : images) {
      if (!Float.isFinite(value)) {
        throw new IllegalStateException(
            "the model draws values that are no numbers; its parameters are damaged, fetch or train"
                + " it anew");
      }
    }
    return images;
  }

  /**
   * All classes of images in turn, one an image; null for a model without classes.
   *
   * @param labels of the model, or null
   */
  static int[] labelsInTurn(ClassLabels labels, int count) {
    return labels == null
        ? null
        : IntStream.range(0, count).map(i -> i % labels.classes()).toArray();
  }

  /** The picture of samples. */
  BufferedImage grid(float[] images, int count) {
    return ImageGrid.grid(
        images,
        count,
        config.outChannels(),
        config.sampleSize().height(),
        config.sampleSize().width());
  }

  @Override
  public void close() {
    inference.close();
  }
}
