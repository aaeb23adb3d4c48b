package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;

/** Says exactly which noise must be in a sample whose clean image it knows, pixel for pixel. */
record PerfectDenoiser(NoiseSchedule schedule, float value) implements Denoiser {
  @Override
  public float[] predict(float[] sample, float[] timesteps, int[] labels) {
    float[] noise = new float[sample.length];
    double signal = schedule.signal((int) timesteps[0]);
    double sigma = schedule.sigma((int) timesteps[0]);
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) ((sample[i] - signal * value) / sigma);
    }
    return noise;
  }
}
