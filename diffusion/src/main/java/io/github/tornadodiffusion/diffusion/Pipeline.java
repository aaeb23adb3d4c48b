package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.diffusion.schedulers.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.SamplingState;
import java.util.Arrays;

/**
 * Samples images with a model: noise in, step by step towards an image, as diffusers' DDPMPipeline
 * and DDIMPipeline.
 */
public final class Pipeline {
  private final Denoiser denoiser;
  private final int batch;
  private final int imageLength;

  /** Hears how far sampling is. */
  @FunctionalInterface
  public interface Progress {
    /** Hears nothing. */
    Progress NONE = (done, total) -> {};

    /**
     * Called after every call of the model.
     *
     * @param done calls so far
     * @param total all calls
     */
    void calls(int done, int total);
  }

  /**
   * A pipeline.
   *
   * @param denoiser a model of exactly this batch and image
   * @param batch images a call of the model
   * @param channels of a sample
   */
  public Pipeline(Denoiser denoiser, int batch, int channels, int height, int width) {
    this.denoiser = denoiser;
    this.batch = batch;
    this.imageLength = Math.multiplyExact(channels, Math.multiplyExact(height, width));
  }

  /**
   * Samples images, in batches.
   *
   * @param sampling the scheduler and its timesteps
   * @param count images, at least 1
   * @param seed of the noise: image i of a seed is the same whatever the count and the batch
   * @param labels one an image; null for a model without classes
   * @param progress hears of every call of the model
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
    if (count < 1) {
      throw new IllegalArgumentException("The count of images is " + count + ": give at least 1");
    }
    if (labels != null && labels.length != count) {
      throw new IllegalArgumentException(
          "%d labels for %d images: give one an image".formatted(labels.length, count));
    }
    float[] images = new float[Math.multiplyExact(count, imageLength)];
    int batches = Math.ceilDiv(count, batch);
    for (int i = 0; i < batches; i++) {
      int done = i * sampling.calls();
      Progress ofBatch = (calls, total) -> progress.calls(done + calls, batches * total);
      int first = i * batch;
      // The last batch computes images beyond the count rather than another program.
      int[] batchLabels = labels == null ? null : Arrays.copyOfRange(labels, first, first + batch);
      float[] sample = sampleBatch(sampling, first, noise, batchLabels, ofBatch);
      int kept = Math.min(batch, count - first);
      System.arraycopy(sample, 0, images, first * imageLength, kept * imageLength);
    }
    return images;
  }

  private float[] sampleBatch(
      Sampling sampling, int first, SampleNoise source, int[] labels, Progress progress) {
    float[] noise = new float[batch * imageLength];
    float[] timesteps = new float[batch];
    source.fill(SampleNoise.INITIAL, first, noise);
    SamplingState state = sampling.start(noise);
    for (int i = 0; i < sampling.calls(); i++) {
      ModelCall call = sampling.call(i);
      Arrays.fill(timesteps, (float) call.timestep());
      float[] output = denoiser.predict(sampling.modelInput(i, state), timesteps, labels);
      if (call.drawsNoise()) {
        source.fill(i, first, noise);
      }
      state = sampling.step(i, output, state, noise, batch);
      progress.calls(i + 1, sampling.calls());
    }
    return state.sample();
  }
}
