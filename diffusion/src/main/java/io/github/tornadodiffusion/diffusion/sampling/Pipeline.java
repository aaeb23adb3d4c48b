package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import java.util.Arrays;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Samples images with a model, batch by batch, as diffusers' pipelines do. */
public final class Pipeline {
  private final SamplingModel model;
  private final int imageLength;

  /** Is told of the progress of sampling. */
  @FunctionalInterface
  public interface Progress {
    /** Ignores the progress. */
    Progress NONE = (done, total) -> {};

    /**
     * Called after every call of the model.
     *
     * @param done calls so far
     * @param total all calls
     */
    void calls(long done, long total);
  }

  /** Receives images as soon as they are complete, and can watch how they emerge. */
  public interface Listener extends Progress {
    @Override
    default void calls(long done, long total) {}

    /**
     * Called before every call of the model.
     *
     * @param firstImage the number of the first image of the batch, counted from 0
     * @param call of the batch, counted from 0
     * @param modelInput supplies the input of the model, NCHW; reads it from the device, and only
     *     during this call
     */
    default void sees(int firstImage, int call, Supplier<float[]> modelInput) {}

    /**
     * Called once a batch is complete.
     *
     * @param firstImage the number of its first image, counted from 0
     * @param count how many images it has
     * @param images NCHW; an image's values are about [-1, 1], not clipped
     */
    void images(int firstImage, int count, float[] images);
  }

  /**
   * The images to sample.
   *
   * @param count images, at least 1
   * @param noise all that is random
   * @param labels one an image; null for a model without classes
   * @param part which of them to draw
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record Request(int count, SampleNoise noise, int[] labels, Part part) {
    /** All images. */
    public Request(int count, SampleNoise noise, int[] labels) {
      this(count, noise, labels, Part.ALL);
    }

    /** Checks the count, the labels and the first image. */
    public Request {
      if (count < 1) {
        throw new IllegalArgumentException("The count of images is " + count + ": give at least 1");
      }
      if (part.first >= count) {
        throw new IllegalArgumentException(
            "The first image is %d of %d: begin with one of them".formatted(part.first, count));
      }
      if (labels != null && labels.length != count) {
        throw new IllegalArgumentException(
            "%d labels for %d images: give one an image".formatted(labels.length, count));
      }
    }
  }

  /**
   * Which images to draw. Batches begin with the first one that is missing, and are dealt out to
   * those that draw together, in turn.
   *
   * @param first the number of the first image to draw: those before are there already
   * @param rank which of those that draw together this is, from 0
   * @param size how many those are
   */
  public record Part(int first, int rank, int size) {
    /** All images, by one. */
    public static final Part ALL = new Part(0, 0, 1);

    /** Checks that there is such a part. */
    public Part {
      if (first < 0 || rank < 0 || rank >= size) {
        throw new IllegalArgumentException(
            "Part %d of %d from image %d on: give numbers from 0".formatted(rank, size, first));
      }
    }

    /** How many batches all draw together. */
    public int batches(int count, int batch) {
      return Math.ceilDiv(count - first, batch);
    }

    /** The numbers of the images that are drawn, ascending. */
    public IntStream images(int count, int batch) {
      return IntStream.range(first, count).filter(i -> (i - first) / batch % size == rank);
    }
  }

  /**
   * A pipeline.
   *
   * @param model with a model of exactly this image
   * @param channels of a sample
   */
  public Pipeline(SamplingModel model, int channels, int height, int width) {
    this.model = model;
    this.imageLength = imageLength(channels, height, width);
  }

  /**
   * A pipeline with a model that is any function of the host.
   *
   * @param denoiser a model of exactly this batch and image
   * @param batch images per call of the model
   * @param channels of a sample
   */
  public Pipeline(Denoiser denoiser, int batch, int channels, int height, int width) {
    this(
        new HostSampling(denoiser, batch, imageLength(channels, height, width)),
        channels,
        height,
        width);
  }

  private static int imageLength(int channels, int height, int width) {
    return Math.multiplyExact(channels, Math.multiplyExact(height, width));
  }

  /**
   * Samples images from noise.
   *
   * @param sampling the scheduler and its timesteps
   * @param count images, at least 1
   * @param seed of the noise: image i of a seed is the same whatever the count and the batch
   * @param labels one per image; null for a model without classes
   * @param progress is told of every call of the model
   * @return NCHW; an image's values are about [-1, 1], not clipped
   */
  public float[] sample(Sampling sampling, int count, long seed, int[] labels, Progress progress) {
    return sample(sampling, count, SampleNoise.seeded(seed, imageLength), labels, progress);
  }

  /**
   * Samples images from the given noise; see {@link #sample(Sampling, int, long, int[], Progress)}.
   */
  public float[] sample(
      Sampling sampling, int count, SampleNoise noise, int[] labels, Progress progress) {
    Request request = new Request(count, noise, labels);
    float[] all = new float[Math.multiplyExact(count, imageLength)];
    run(
        ReverseProcess.fromNoise(sampling),
        request,
        new Listener() {
          @Override
          public void calls(long done, long total) {
            progress.calls(done, total);
          }

          @Override
          public void images(int firstImage, int images, float[] values) {
            System.arraycopy(values, 0, all, firstImage * imageLength, images * imageLength);
          }
        });
    return all;
  }

  /**
   * Samples images and passes on each batch once it is complete, so that any number of images needs
   * only the memory of one batch.
   */
  public void run(ReverseProcess process, Request request, Listener listener) {
    int count = request.count();
    int batch = model.images();
    Part part = request.part();
    int batches = part.batches(count, batch);
    long total = (long) batches * process.calls();
    for (int i = part.rank; i < batches; i += part.size) {
      int first = part.first + i * batch;
      // The last batch computes more images than are asked for: a smaller batch would be another
      // program.
      int[] labels =
          request.labels() == null
              ? null
              : Arrays.copyOfRange(request.labels(), first, first + batch);
      // The others are as far.
      long before = (long) (i - part.rank) * process.calls();
      int together = Math.min(part.size, batches - i + part.rank);
      BatchRun run =
          new BatchRun(
              model,
              new BatchRun.Shape(first, batch, imageLength),
              request.noise(),
              labels,
              new BatchRun.Watcher() {
                @Override
                public void before(int call, Supplier<float[]> modelInput) {
                  listener.sees(first, call, modelInput);
                }

                @Override
                public void after(int calls) {
                  listener.calls(before + (long) calls * together, total);
                }
              });
      process.run(run);
      int kept = Math.min(batch, count - first);
      listener.images(first, kept, Arrays.copyOf(run.sample(), kept * imageLength));
    }
  }
}
