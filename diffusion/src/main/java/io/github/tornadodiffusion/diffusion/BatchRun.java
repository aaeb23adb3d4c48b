package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.SamplingState;
import java.util.Arrays;

/** A batch on its way to images: calls the model for it and draws its noise. */
public final class BatchRun {
  private final Denoiser denoiser;
  private final Shape shape;
  private final SampleNoise noise;
  private final int[] labels;
  private final Watcher watcher;
  private int draws = SampleNoise.INITIAL;
  private int calls;

  /**
   * Which images a batch is.
   *
   * @param first the number of its first image
   * @param images how many
   * @param imageLength values an image
   */
  record Shape(int first, int images, int imageLength) {}

  /** Hears of the batch's calls of the model. */
  interface Watcher {
    /** Called with the number of the call and what the model is about to see. */
    void before(int call, float[] modelInput);

    /** Called with how many calls there were. */
    void after(int calls);
  }

  /**
   * A batch of which nothing is done yet.
   *
   * @param labels one an image, or null
   */
  BatchRun(Denoiser denoiser, Shape shape, SampleNoise noise, int[] labels, Watcher watcher) {
    this.denoiser = denoiser;
    this.shape = shape;
    this.noise = noise;
    this.labels = labels;
    this.watcher = watcher;
  }

  /** Standard normal values for every image, new ones every time. */
  public float[] draw() {
    float[] drawn = new float[shape.images * shape.imageLength];
    noise.fill(draws++, shape.first, drawn);
    return drawn;
  }

  /**
   * The images of a data set that belong to this batch: image i of all is image i of the data set,
   * which begins anew after its last.
   *
   * @throws IllegalArgumentException if they do not have the samples' size
   */
  public float[] imagesOf(Dataset dataset) {
    int[] indices = new int[shape.images];
    Arrays.setAll(indices, i -> (shape.first + i) % dataset.size());
    float[] images = Batches.gather(dataset, indices, new boolean[shape.images]).images();
    if (images.length != shape.images * shape.imageLength) {
      throw new IllegalArgumentException(
          "The images of %s have %d values, samples %d: open them at the model's size"
              .formatted(dataset.name(), images.length / shape.images, shape.imageLength));
    }
    return images;
  }

  /** Goes through one call of the model, see {@link Sampling#step}. */
  public SamplingState call(Sampling sampling, int index, SamplingState state) {
    ModelCall call = sampling.call(index);
    float[] timesteps = new float[shape.images];
    Arrays.fill(timesteps, (float) call.timestep());
    float[] input = sampling.modelInput(index, state);
    watcher.before(calls, input);
    float[] output = denoiser.predict(input, timesteps, labels);
    float[] drawn = call.drawsNoise() ? draw() : null;
    SamplingState next = sampling.step(index, output, state, drawn, shape.images);
    watcher.after(++calls);
    return next;
  }
}
