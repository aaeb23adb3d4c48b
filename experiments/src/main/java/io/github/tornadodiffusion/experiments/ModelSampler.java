package io.github.tornadodiffusion.experiments;

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
    new MemoryNeed(
            UNetInference.arenaFloats(config, batch, height, width), MemoryNeed.parameters(config))
        .check("--batch");
    return new ModelSampler(
        config,
        UNetInference.open(engine, config, model.parameters(), batch, height, width),
        batch);
  }

  /** Samples images, see {@link Pipeline#sample}. */
  float[] sample(
      Sampling sampling, int count, long seed, int[] labels, Pipeline.Progress progress) {
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    return new Pipeline(inference::predict, batch, config.outChannels(), height, width)
        .sample(sampling, count, seed, labels, progress);
  }

  /** All classes in turn, one an image; null for a model without classes. */
  int[] labelsInTurn(int count) {
    Integer classes = config.numClassEmbeds();
    return classes == null ? null : IntStream.range(0, count).map(i -> i % classes).toArray();
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
