package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.sampling.Denoiser;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.kernels.ops.noise.Philox;
import java.util.function.IntBinaryOperator;

/**
 * A model and the meaning of its outputs.
 *
 * @param denoiser the model
 * @param batch the number of images in every call
 * @param schedule the forward process that it was trained on
 * @param prediction what it predicts
 * @param labels whether it gets the classes of the images
 */
public record EvaluatedModel(
    Denoiser denoiser,
    int batch,
    NoiseSchedule schedule,
    PredictionType prediction,
    boolean labels) {
  private static final int STREAM = 0x45;

  /** Checks the batch size. */
  public EvaluatedModel {
    if (batch < 1) {
      throw new IllegalArgumentException("The batch size is " + batch + "; use at least 1");
    }
  }

  /**
   * The output for an image at a timestep.
   *
   * @param image number of the image in its data set
   * @param round the number of the timestep among those of the image
   * @param original x_0
   * @param noise that was mixed into it
   * @param sample x_t
   * @param output of the model, in the same order; a model that predicts its variance has twice as
   *     many values
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  record Answer(
      int image,
      int round,
      int timestep,
      float[] original,
      float[] noise,
      float[] sample,
      float[] output) {}

  /** Receives the answers. */
  interface Listener {
    void heard(Answer answer);
  }

  /**
   * Calls the model for every image at the given number of timesteps, round by round. The noise
   * depends on (seed, image, round) alone, so it is the same for every model and batch size.
   *
   * @param timestep of an image in a round
   */
  void ask(Dataset images, long seed, int rounds, IntBinaryOperator timestep, Listener listener) {
    int length = images.channels() * images.imageSize() * images.imageSize();
    for (int round = 0; round < rounds; round++) {
      for (int first = 0; first < images.size(); first += batch) {
        askBatch(images, seed, round, first, length, timestep, listener);
      }
    }
  }

  private void askBatch(
      Dataset images,
      long seed,
      int round,
      int first,
      int length,
      IntBinaryOperator timestep,
      Listener listener) {
    int count = Math.min(batch, images.size() - first);
    float[][] originals = new float[count][];
    float[][] noises = new float[count][length];
    float[][] noisy = new float[count][];
    float[] sample = new float[batch * length];
    float[] timesteps = new float[batch];
    int[] classes = labels ? new int[batch] : null;
    for (int i = 0; i < batch; i++) {
      // The last image fills the last batch up.
      int from = Math.min(i, count - 1);
      int image = first + from;
      int t = timestep.applyAsInt(image, round);
      if (i < count) {
        originals[i] = images.image(image);
        Philox.gaussian(seed, STREAM, round, (long) image * length, noises[i]);
        noisy[i] = schedule.addNoise(originals[i], noises[i], new int[] {t});
      }
      System.arraycopy(noisy[from], 0, sample, i * length, length);
      timesteps[i] = t;
      if (labels) {
        classes[i] = images.label(image);
      }
    }
    float[] output = denoiser.predict(sample, timesteps, classes);
    int outputLength = output.length / batch;
    for (int i = 0; i < count; i++) {
      float[] own = new float[outputLength];
      System.arraycopy(output, i * outputLength, own, 0, outputLength);
      listener.heard(
          new Answer(first + i, round, (int) timesteps[i], originals[i], noises[i], noisy[i], own));
    }
  }
}
