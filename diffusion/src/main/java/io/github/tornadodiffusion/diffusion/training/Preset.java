package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;

/**
 * A model and the recipe that trains it; every part can be overridden on the command line. For
 * presets of one's own see {@link Presets#named}.
 *
 * @param name its name for {@code --preset}
 * @param data what {@code --data} would name
 * @param model the network; its sample size is the size of the images
 * @param schedule variances of the forward process, with diffusers' default range
 * @param prediction what the network predicts
 * @param trainTimesteps T
 * @param recipe how to train
 */
public record Preset(
    String name,
    String data,
    UNet2DConfig model,
    BetaSchedule schedule,
    PredictionType prediction,
    int trainTimesteps,
    Recipe recipe) {

  /** With another network. */
  public Preset withModel(UNet2DConfig other) {
    return new Preset(name, data, other, schedule, prediction, trainTimesteps, recipe);
  }

  /**
   * How to train.
   *
   * @param batch images per step
   * @param steps optimizer steps, or 0 if epochs are given
   * @param epochs passes over the data, or 0 if steps are given
   * @param randomFlip whether images are mirrored at random
   * @param optimization how gradients change the parameters
   */
  public record Recipe(
      int batch, int steps, int epochs, boolean randomFlip, Optimization optimization) {}
}
