package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;

/**
 * A model and the recipe that trains it; every part can be overridden on the command line.
 *
 * @param name what {@code --preset} calls it
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
   * @param batch images a step
   * @param steps optimizer steps, or 0 where epochs count
   * @param epochs passes over the data, or 0 where steps count
   * @param learningRate AdamW's
   * @param learningRateSchedule its curve
   * @param warmupSteps steps of the curve's warm-up
   * @param emaDecay most that the moving average of the parameters keeps; 0 for no average
   * @param maxGradNorm gradients are clipped to this norm; 0 for no clipping
   * @param randomFlip whether images are mirrored at random
   */
  public record Recipe(
      int batch,
      int steps,
      int epochs,
      double learningRate,
      LearningRateSchedule.Kind learningRateSchedule,
      int warmupSteps,
      double emaDecay,
      double maxGradNorm,
      boolean randomFlip) {}
}
