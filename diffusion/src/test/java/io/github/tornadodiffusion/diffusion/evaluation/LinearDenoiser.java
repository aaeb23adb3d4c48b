package io.github.tornadodiffusion.diffusion.evaluation;

import io.github.tornadodiffusion.diffusion.sampling.Denoiser;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;

/**
 * The best model of values that are independent and normal with one mean and deviation: it says the
 * expected target given x_t.
 *
 * @param variance what it says of its variance, or NaN for nothing
 */
record LinearDenoiser(
    NoiseSchedule schedule,
    PredictionType prediction,
    double mean,
    double deviation,
    double variance)
    implements Denoiser {
  @Override
  public float[] predict(float[] sample, float[] timesteps, int[] labels) {
    int length = sample.length / timesteps.length;
    int outputLength = Double.isNaN(variance) ? length : 2 * length;
    float[] output = new float[outputLength * timesteps.length];
    for (int i = 0; i < timesteps.length; i++) {
      double signal = schedule.signal((int) timesteps[i]);
      double sigma = schedule.sigma((int) timesteps[i]);
      double spread = signal * signal * deviation * deviation + sigma * sigma;
      for (int j = 0; j < outputLength; j++) {
        double said = variance;
        if (j < length) {
          double excess = sample[i * length + j] - signal * mean;
          double noise = sigma * excess / spread;
          double original = mean + signal * deviation * deviation * excess / spread;
          said = prediction.targetNoise(signal) * noise + prediction.targetSample(sigma) * original;
        }
        output[i * outputLength + j] = (float) said;
      }
    }
    return output;
  }
}
