package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.awt.image.BufferedImage;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** A model on a device, ready to sample images of its own size. */
public final class ModelSampler implements AutoCloseable {
  /** More images at once use more memory and gain little. */
  public static final int MOST_IMAGES = 16;

  /** The longest array of the JVM. */
  public static final int LONGEST_ARRAY = Integer.MAX_VALUE - 16;

  /** Noise for a device that does not draw it, images, and buffers. */
  private static final long BATCHES_ON_HOST = 6;

  private final DenoisingModel model;
  private final SampleRegisters registers;

  private ModelSampler(DenoisingModel model, SampleRegisters registers) {
    this.model = model;
    this.registers = registers;
  }

  /**
   * Records a model with the registers of a sampler, which shows how much memory they need.
   *
   * @param used see {@link ReverseProcess#registers}
   */
  public static RecordedProgram<SampleRegisters> record(
      DenoisingModel model, Set<Integer> used, int batch) {
    return SampleRegisters.record(model, model.batch(batch), free(model, used));
  }

  /**
   * Opens a model on a device.
   *
   * @param scheduler that will be used
   * @param registers that they use, see {@link ReverseProcess#registers}
   * @throws IllegalArgumentException if the model does not declare its image size or does not fit
   *     the scheduler, or there is too little memory
   */
  public static ModelSampler open(
      Engine engine, DiffusionModel model, Scheduler scheduler, Set<Integer> registers, int batch) {
    check(model.model(), scheduler);
    return open(engine, model, scheduler, record(model.model(), registers, batch));
  }

  /**
   * Opens a model on a device.
   *
   * @param program of the model, see {@link #record}
   * @throws IllegalArgumentException as {@link #open} does
   */
  public static ModelSampler open(
      Engine engine,
      DiffusionModel model,
      Scheduler scheduler,
      RecordedProgram<SampleRegisters> program) {
    check(model.model(), scheduler);
    checkMemory(model.model(), program, 0, 0, "--batch");
    return new ModelSampler(model.model(), program.open(engine, model.parameters()));
  }

  /** Opens a model on a device for one sampling. */
  public static ModelSampler open(
      Engine engine, DiffusionModel model, Sampling sampling, int batch) {
    return open(engine, model, sampling.scheduler(), sampling.registers(), batch);
  }

  /**
   * The number of registers that a model needs in addition to its own, including one for guidance
   * by classes.
   */
  static int free(DenoisingModel model, Set<Integer> registers) {
    return DeviceSampling.free(registers) + (model.conditioned() ? 1 : 0);
  }

  /**
   * Checks that a model can be sampled.
   *
   * @throws IllegalArgumentException if the model does not declare its image size or does not fit
   *     the scheduler or the timesteps
   */
  public static void check(DenoisingModel model, Sampling sampling) {
    check(model, sampling.scheduler());
    if (!model.takesTimestepZero() && sampling.call(sampling.calls() - 1).timestep() == 0) {
      throw new IllegalArgumentException(
          "the model cannot take timestep 0 (as with time_embedding_type fourier), which is the"
              + " last one; set steps_offset to 1 and timestep_spacing to leading in its"
              + " scheduler_config.json");
    }
  }

  /** Checks that a model can be sampled with some timesteps of a scheduler. */
  public static void check(DenoisingModel model, Scheduler scheduler) {
    model.batch(1); // refuses a model without a size
    boolean variance = scheduler.needsVariance();
    if (model.outChannels() != (variance ? 2 : 1) * model.inChannels()
        && !ignoresVariance(model, scheduler)) {
      throw new IllegalArgumentException(
          "the model makes %d channels from %d; %s needs %s to sample"
              .formatted(
                  model.outChannels(),
                  model.inChannels(),
                  scheduler.className(),
                  variance
                      ? "twice as many, for the variance_type of its configuration,"
                      : "as many"));
    }
  }

  /**
   * Whether a model predicts a variance that a scheduler ignores. DDPM would use it, so a
   * configuration of DDPM with another variance contradicts the model.
   */
  private static boolean ignoresVariance(DenoisingModel model, Scheduler scheduler) {
    return model.outChannels() == 2 * model.inChannels()
        && !scheduler.needsVariance()
        && !scheduler.className().equals("DDPMScheduler");
  }

  /**
   * Checks that there is memory for a model, a batch and the picture of samples.
   *
   * @param program see {@link #record}
   * @param pictured the number of images that are kept for the picture, 0 for none
   * @param otherFloats what else is kept on the host
   * @param options which options make the need smaller
   * @throws IllegalArgumentException if there is too little memory
   */
  public static void checkMemory(
      DenoisingModel model,
      RecordedProgram<SampleRegisters> program,
      int pictured,
      long otherFloats,
      String options) {
    Film.ImageShape shape = shape(model);
    long values = (long) pictured * shape.length();
    long pixels = pictured == 0 ? 0 : ImageGrid.pixels(pictured, shape.height(), shape.width());
    if (Math.max(values, pixels) > LONGEST_ARRAY) {
      throw new IllegalArgumentException(
          "%d images are more than one picture holds; use a smaller %s"
              .formatted(pictured, options));
    }
    int batch = program.batch().images();
    long batches = BATCHES_ON_HOST * batch * Math.max(model.outChannels(), model.inChannels());
    // The picture exists as pixels and as the bytes of a file.
    new MemoryNeed(
            program.floats(),
            model.parameters().count()
                + batches * shape.height() * shape.width()
                + values
                + 2 * pixels
                + otherFloats)
        .check(options);
  }

  /** The shape of a model's samples. */
  public static Film.ImageShape shape(DenoisingModel model) {
    BatchShape batch = model.batch(1);
    return new Film.ImageShape(model.inChannels(), batch.height(), batch.width());
  }

  /**
   * Samples images from noise, see {@link Pipeline#sample}.
   *
   * @return images, NCHW
   * @throws IllegalStateException in one line if values of the images are not numbers
   */
  public float[] sample(
      Sampling sampling, int count, long seed, int[] labels, Pipeline.Progress progress) {
    check(model, sampling);
    int length = shape(model).length();
    float[] all = new float[Math.multiplyExact(count, length)];
    run(
        ReverseProcess.fromNoise(sampling),
        new Pipeline.Request(count, SampleNoise.seeded(seed, length), labels),
        UnaryOperator.identity(),
        new Pipeline.Listener() {
          @Override
          public void calls(long done, long total) {
            progress.calls(done, total);
          }

          @Override
          public void images(int firstImage, int images, float[] values) {
            System.arraycopy(values, 0, all, firstImage * length, values.length);
          }
        });
    return all;
  }

  /**
   * Samples images, see {@link Pipeline#run}.
   *
   * @param guided wraps the model, for instance to guide it
   * @throws IllegalStateException in one line if values of the images are not numbers
   */
  public void run(
      ReverseProcess process,
      Pipeline.Request request,
      UnaryOperator<SamplingModel> guided,
      Pipeline.Listener listener) {
    Film.ImageShape shape = shape(model);
    SamplingModel sampled = guided.apply(new DeviceSampling(registers));
    new Pipeline(sampled, shape.channels(), shape.height(), shape.width())
        .run(process, request, new Checked(listener));
  }

  /** Passes images on, and refuses those with values that are not numbers. */
  record Checked(Pipeline.Listener listener) implements Pipeline.Listener {
    @Override
    public void calls(long done, long total) {
      listener.calls(done, total);
    }

    @Override
    public void sees(int firstImage, int call, Supplier<float[]> modelInput) {
      listener.sees(firstImage, call, modelInput);
    }

    @Override
    public void images(int firstImage, int count, float[] images) {
      for (float value : images) {
        if (!Float.isFinite(value)) {
          throw new IllegalStateException(
              "the model draws values that are no numbers; its parameters are damaged, fetch or"
                  + " train it anew");
        }
      }
      listener.images(firstImage, count, images);
    }
  }

  /**
   * All classes in turn, one per image; null for a model without classes.
   *
   * @param labels of the model, or null
   */
  public static int[] labelsInTurn(ClassLabels labels, int count) {
    return labels == null
        ? null
        : IntStream.range(0, count).map(i -> i % labels.classes()).toArray();
  }

  /** The picture of samples. */
  public BufferedImage grid(float[] images, int count) {
    Film.ImageShape shape = shape(model);
    return ImageGrid.grid(images, count, shape.channels(), shape.height(), shape.width());
  }

  @Override
  public void close() {
    registers.close();
  }
}
