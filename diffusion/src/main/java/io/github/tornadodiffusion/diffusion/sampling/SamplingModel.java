package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.List;

/**
 * A model and the registers of a sampler, by {@link Update}'s numbers, for one batch of images at a
 * time: on the device of the model, or in the memory of the JVM.
 */
public interface SamplingModel {
  /** Images of a batch. */
  int images();

  /**
   * Sets a register.
   *
   * @param images NCHW
   */
  void write(int register, float[] images);

  /**
   * The values of a register.
   *
   * @return NCHW
   */
  float[] read(int register);

  /**
   * Sets {@link Update#NOISE}.
   *
   * @param draw see {@link SampleNoise#fill}
   * @param firstImage the number of the batch's first image
   */
  void draw(SampleNoise noise, int draw, int firstImage);

  /**
   * Calls the model: its output is written to {@link Update#OUTPUT}, and to {@link Update#VARIANCE}
   * if it predicts one.
   *
   * @param inputScale the input of the model is {@link Update#SAMPLE} times this factor
   * @param timestep of all images
   * @param labels one per image; null for a model without classes
   */
  void predict(double inputScale, double timestep, int[] labels);

  /** Carries out updates in order. */
  void apply(List<Update> updates);
}
