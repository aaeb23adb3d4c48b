package io.github.tornadodiffusion.diffusion.schedulers.noise;

/**
 * The forward process x_t = signal(t) * x_0 + sigma(t) * noise (Ho et al. 2020, equation 4), with
 * signal = sqrt(alphasCumprod) and sigma = sqrt(1 - alphasCumprod), in double precision.
 */
public final class NoiseSchedule {
  /** A lower limit of the variance of a step. */
  public static final double LEAST_VARIANCE = 1e-20;

  private final double[] betas;
  private final double[] alphasCumprod;

  /**
   * The schedule of given variances.
   *
   * @param betas the variance that each timestep adds, in [0, 1]; 1 is possible at the last
   *     timestep alone
   * @throws IllegalArgumentException if a value is not
   */
  public NoiseSchedule(double... betas) {
    if (betas.length == 0) {
      throw new IllegalArgumentException("There are no betas: give at least one");
    }
    this.betas = betas.clone();
    alphasCumprod = new double[betas.length];
    double product = 1;
    for (int t = 0; t < betas.length; t++) {
      boolean last = t == betas.length - 1;
      if (!(betas[t] >= 0 && (last ? betas[t] <= 1 : betas[t] < 1))) {
        throw new IllegalArgumentException(
            "The beta of timestep %d is %s: give values from 0 to below 1".formatted(t, betas[t]));
      }
      product *= 1 - betas[t];
      alphasCumprod[t] = product;
    }
  }

  /** T, the number of timesteps. */
  public int timesteps() {
    return betas.length;
  }

  /** The variance that timestep t adds. */
  public double beta(int timestep) {
    return betas[timestep];
  }

  /** The product of 1 - beta over timesteps 0..t. */
  public double alphaCumprod(int timestep) {
    return alphasCumprod[timestep];
  }

  /** The weight of the clean sample in x_t. */
  public double signal(int timestep) {
    return Math.sqrt(alphasCumprod[timestep]);
  }

  /** The weight of the noise in x_t. */
  public double sigma(int timestep) {
    return Math.sqrt(1 - alphasCumprod[timestep]);
  }

  /**
   * The shares of the clean sample in x_t, one for each timestep, as a model's program takes them.
   */
  public float[] signals(int[] timesteps) {
    float[] signals = new float[timesteps.length];
    for (int i = 0; i < timesteps.length; i++) {
      signals[i] = (float) signal(timesteps[i]);
    }
    return signals;
  }

  /** The shares of the noise in x_t, likewise. */
  public float[] sigmas(int[] timesteps) {
    float[] sigmas = new float[timesteps.length];
    for (int i = 0; i < timesteps.length; i++) {
      sigmas[i] = (float) sigma(timesteps[i]);
    }
    return sigmas;
  }

  /**
   * The variance of the posterior q(x_(t-1) | x_t, x_0) for the bound, as in Nichol and Dhariwal's
   * code: timestep 0, where it is zero, has that of timestep 1, or beta if 0 is the only timestep;
   * at least {@link #LEAST_VARIANCE}.
   */
  public double boundVariance(int timestep) {
    int t = timestep == 0 && betas.length > 1 ? 1 : timestep;
    double variance = t == 0 ? betas[0] : posteriorVariance(alphasCumprod[t], alphasCumprod[t - 1]);
    return Math.max(variance, LEAST_VARIANCE);
  }

  /**
   * The weight of x_0 in the mean of q(x_(t-1) | x_t, x_0) (Ho et al. 2020, equation 7); 1 where
   * x_t has no noise, since that mean is x_0 itself.
   */
  public double originalShare(int timestep) {
    double before = timestep == 0 ? 1 : alphasCumprod[timestep - 1];
    double alphaCumprod = alphasCumprod[timestep];
    return alphaCumprod == 1 ? 1 : Math.sqrt(before) * betas[timestep] / (1 - alphaCumprod);
  }

  /**
   * x_t of every image.
   *
   * @param samples x_0, images one after another
   * @param noise of the same length
   * @param timesteps one per image
   */
  public float[] addNoise(float[] samples, float[] noise, int[] timesteps) {
    return mix(samples, noise, timesteps, false);
  }

  /**
   * The target of v-prediction, signal * noise - sigma * x_0, of every image.
   *
   * @param samples x_0, images one after another
   * @param noise of the same length
   * @param timesteps one per image
   */
  public float[] velocity(float[] samples, float[] noise, int[] timesteps) {
    return mix(samples, noise, timesteps, true);
  }

  private float[] mix(float[] samples, float[] noise, int[] timesteps, boolean velocity) {
    if (samples.length != noise.length || samples.length % timesteps.length != 0) {
      throw new IllegalArgumentException(
          "%d values of samples, %d of noise and %d timesteps do not go together"
              .formatted(samples.length, noise.length, timesteps.length));
    }
    float[] mixed = new float[samples.length];
    int size = samples.length / timesteps.length;
    for (int i = 0; i < timesteps.length; i++) {
      double signal = signal(timesteps[i]);
      double sigma = sigma(timesteps[i]);
      double sampleShare = velocity ? -sigma : signal;
      double noiseShare = velocity ? signal : sigma;
      for (int j = i * size; j < (i + 1) * size; j++) {
        mixed[j] = (float) (sampleShare * samples[j] + noiseShare * noise[j]);
      }
    }
    return mixed;
  }

  /**
   * alphasCumprod of t divided by that of an earlier timestep: how much signal remains between
   * them.
   */
  public static double kept(double alphaCumprod, double alphaCumprodPrevious) {
    return alphaCumprodPrevious == 0 ? 0 : alphaCumprod / alphaCumprodPrevious;
  }

  /** The variance of q(x_prev | x_t, x_0); zero if there is no noise between x_t and x_0. */
  public static double posteriorVariance(double alphaCumprod, double alphaCumprodPrevious) {
    if (alphaCumprod == 1) {
      return 0;
    }
    return (1 - alphaCumprodPrevious)
        / (1 - alphaCumprod)
        * (1 - kept(alphaCumprod, alphaCumprodPrevious));
  }
}
