package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;

/** Small runs. */
public final class TrainingConfigs {
  private TrainingConfigs() {}

  /** The same with another variant. */
  static TrainingConfig with(TrainingConfig config, TrainingVariant variant) {
    return config.withModel(config.unet(), variant);
  }

  public static TrainingConfig of(
      UNet2DConfig unet, int batch, int steps, BetaSchedule schedule, long seed) {
    return of(unet, batch, steps, schedule, PredictionType.EPSILON, 1e-3, 0, seed);
  }

  public static TrainingConfig of(
      UNet2DConfig unet,
      int batch,
      int steps,
      BetaSchedule schedule,
      PredictionType prediction,
      double learningRate,
      double emaDecay,
      long seed) {
    return new TrainingConfig(
        "test",
        "digits",
        unet,
        batch,
        steps,
        false,
        1000,
        schedule,
        prediction,
        Optimization.constant(learningRate)
            .withSchedule(LearningRateSchedule.Kind.CONSTANT_WITH_WARMUP, 2)
            .withMaxGradNorm(1.0)
            .withEmaDecay(emaDecay),
        seed,
        TrainingVariant.PLAIN);
  }
}
