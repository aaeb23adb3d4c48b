package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * A batch that is being sampled: calls the model, draws noise and changes registers, {@link
 * Update#SAMPLE} in particular.
 */
public final class BatchRun {
  private final SamplingModel model;
  private final Shape shape;
  private final SampleNoise noise;
  private final int[] labels;
  private final Watcher watcher;
  private int draws = SampleNoise.INITIAL;
  private int calls;

  /**
   * The images of a batch.
   *
   * @param first the number of its first image
   * @param images how many
   * @param imageLength values per image
   */
  record Shape(int first, int images, int imageLength) {}

  /** Is told of the calls of the model. */
  interface Watcher {
    /** Called with the number of the call and a supplier of the input of the model. */
    void before(int call, Supplier<float[]> modelInput);

    /** Called with the number of calls so far. */
    void after(int calls);
  }

  /**
   * A batch before its first step.
   *
   * @param labels one per image, or null
   */
  BatchRun(SamplingModel model, Shape shape, SampleNoise noise, int[] labels, Watcher watcher) {
    this.model = model;
    this.shape = shape;
    this.noise = noise;
    this.labels = labels;
    this.watcher = watcher;
  }

  /** Values of the batch. */
  public int length() {
    return shape.images * shape.imageLength;
  }

  /** The number of the batch's first image. */
  public int firstImage() {
    return shape.first;
  }

  /** Images of the batch. */
  public int images() {
    return shape.images;
  }

  /**
   * The values of a register.
   *
   * @return NCHW
   */
  public float[] read(int register) {
    return model.read(register);
  }

  /** Draws {@link Update#NOISE}, a new one every time. */
  public void draw() {
    model.draw(noise, draws++, shape.first);
  }

  /**
   * Sets {@link Update#IMAGES} to the images of a data set that belong to this batch: image i of
   * all is image i of the data set, which starts again after its last one.
   *
   * @throws IllegalArgumentException if they do not have the size of the samples
   */
  public void writeImages(Dataset dataset) {
    int[] indices = new int[shape.images];
    Arrays.setAll(indices, i -> (shape.first + i) % dataset.size());
    float[] images = Batches.gather(dataset, indices, new boolean[shape.images]).images();
    if (images.length != length()) {
      throw new IllegalArgumentException(
          "The images of %s have %d values, samples %d: open them at the model's size"
              .formatted(dataset.name(), images.length / shape.images, shape.imageLength));
    }
    model.write(Update.IMAGES, images);
  }

  /**
   * Sets a register.
   *
   * @param values as many as {@link #length} says
   */
  public void write(int register, float[] values) {
    model.write(register, values);
  }

  /** Carries out updates in order. */
  public void apply(Update... updates) {
    model.apply(List.of(updates));
  }

  /** Goes through one call of the model, see {@link Sampling#step}. */
  public void call(Sampling sampling, int index) {
    ModelCall call = sampling.call(index);
    watcher.before(calls, () -> modelInput(call.inputScale()));
    model.predict(call.inputScale(), call.timestep(), labels);
    if (call.drawsNoise()) {
      draw();
    }
    model.apply(sampling.updates(index));
    watcher.after(++calls);
  }

  private float[] modelInput(double scale) {
    float[] input = sample();
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) (scale * input[i]);
    }
    return input;
  }

  /** All calls of a sampling in order. */
  void callAll(Sampling sampling) {
    for (int i = 0; i < sampling.calls(); i++) {
      call(sampling, i);
    }
  }

  /** {@link Update#SAMPLE}, NCHW. */
  float[] sample() {
    return model.read(Update.SAMPLE);
  }
}
