package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.DiffusionModel;
import io.github.tornadodiffusion.diffusion.ImageGrid;
import io.github.tornadodiffusion.diffusion.Pipeline;
import io.github.tornadodiffusion.diffusion.Sampling;
import io.github.tornadodiffusion.diffusion.Scheduler;
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
   * @param scheduler of the samplings to come
   * @throws IllegalArgumentException if the model does not say its image size or does not fit the
   *     scheduler, or memory is too little
   */
  static ModelSampler open(Engine engine, DiffusionModel model, Scheduler scheduler, int batch) {
    UNet2DConfig config = model.unet();
    if (config.sampleSize() == null) {
      throw new IllegalArgumentException(
          "the model's config.json has no sample_size; add the image size in pixels");
    }
    boolean variance = scheduler.needsVariance();
    if (config.outChannels() != (variance ? 2 : 1) * config.inChannels()) {
      throw new IllegalArgumentException(
          "the model makes %d channels from %d; %s needs %s to sample"
              .formatted(
                  config.outChannels(),
                  config.inChannels(),
                  scheduler.className(),
                  variance
                      ? "twice as many, for the variance_type of its configuration,"
                      : "as many"));
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
    boolean logarithms = config.timeEmbeddingType().equals("fourier");
    if (logarithms && sampling.timestep(sampling.steps() - 1) == 0) {
      throw new IllegalArgumentException(
          "the model embeds the logarithms of timesteps (time_embedding_type fourier) and the last"
              + " one is 0; set steps_offset to 1 in its scheduler_config.json");
    }
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    return new Pipeline(inference::predict, batch, config.inChannels(), height, width)
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
        config.inChannels(),
        config.sampleSize().height(),
        config.sampleSize().width());
  }

  @Override
  public void close() {
    inference.close();
  }
}
