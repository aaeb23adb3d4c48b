package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.ClassLabels;
import io.github.tornadodiffusion.diffusion.Denoiser;
import io.github.tornadodiffusion.diffusion.DiffusionModel;
import io.github.tornadodiffusion.diffusion.ImageGrid;
import io.github.tornadodiffusion.diffusion.Pipeline;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
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
    check(config, scheduler, batch, batch, "--batch");
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
   * @param scheduler of the samplings to come
   * @param batch images at once
   * @param count images in all
   * @param options which options make the need smaller
   * @throws IllegalArgumentException if the model does not say its image size or does not fit the
   *     scheduler, or memory is too little
   */
  static void check(
      UNet2DConfig config, Scheduler scheduler, int batch, int count, String options) {
    if (config.sampleSize() == null) {
      throw new IllegalArgumentException(
          "the model's config.json has no sample_size; add the image size in pixels");
    }
    boolean variance = scheduler.needsVariance();
    if (config.outChannels() != (variance ? 2 : 1) * config.inChannels()
        && !ignoresVariance(config, scheduler)) {
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
   * Whether a model predicts a variance that a scheduler has no use for. DDPM has, unless its
   * configuration says otherwise, which then contradicts the model.
   */
  private static boolean ignoresVariance(UNet2DConfig config, Scheduler scheduler) {
    return config.outChannels() == 2 * config.inChannels()
        && !scheduler.needsVariance()
        && !scheduler.className().equals("DDPMScheduler");
  }

  /** The model's output without a variance that the scheduler ignores. */
  private Denoiser denoiser(Scheduler scheduler) {
    if (!ignoresVariance(config, scheduler)) {
      return inference::predict;
    }
    return (sample, timesteps, labels) -> {
      float[] output = inference.predict(sample, timesteps, labels);
      int image = sample.length / batch;
      float[] mean = new float[sample.length];
      for (int i = 0; i < batch; i++) {
        System.arraycopy(output, 2 * i * image, mean, i * image, image);
      }
      return mean;
    };
  }

  /**
   * Samples images, see {@link Pipeline#sample}.
   *
   * @throws IllegalStateException in one line if what comes out is not numbers
   */
  float[] sample(
      Sampling sampling, int count, long seed, int[] labels, Pipeline.Progress progress) {
    boolean logarithms = config.timeEmbeddingType().equals("fourier");
    if (logarithms && sampling.call(sampling.calls() - 1).timestep() == 0) {
      throw new IllegalArgumentException(
          "the model embeds the logarithms of timesteps (time_embedding_type fourier) and the last"
              + " one is 0; set steps_offset to 1 in its scheduler_config.json");
    }
    int height = config.sampleSize().height();
    int width = config.sampleSize().width();
    float[] images =
        new Pipeline(denoiser(sampling.scheduler()), batch, config.inChannels(), height, width)
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
        config.inChannels(),
        config.sampleSize().height(),
        config.sampleSize().width());
  }

  @Override
  public void close() {
    inference.close();
  }
}
