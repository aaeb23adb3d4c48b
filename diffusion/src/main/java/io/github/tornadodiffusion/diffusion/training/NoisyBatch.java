package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.training.Denoising;

/** The inputs of {@link Denoising} for the draw of a call. */
final class NoisyBatch {
  private NoisyBatch() {}

  static Denoising.Batch of(
      NoiseSchedule schedule,
      PredictionType prediction,
      TrainingDraws.Draw draw,
      int[] labels,
      float[] weights,
      Denoising.Variance variance) {
    int count = weights.length;
    float[] times = new float[count];
    float[] targetNoise = new float[count];
    float[] targetSample = new float[count];
    for (int i = 0; i < count; i++) {
      int timestep = draw.timesteps()[i];
      times[i] = timestep;
      targetNoise[i] = (float) prediction.targetNoise(schedule.signal(timestep));
      targetSample[i] = (float) prediction.targetSample(schedule.sigma(timestep));
    }
    return new Denoising.Batch(
        draw.batch().images(),
        times,
        labels,
        schedule.signals(draw.timesteps()),
        schedule.sigmas(draw.timesteps()),
        targetNoise,
        targetSample,
        draw.noise(),
        weights,
        variance);
  }
}
