package io.github.tornadodiffusion.diffusion;

import java.util.Map;

/**
 * Denoising diffusion probabilistic models, the ancestral sampler (Ho et al. 2020, algorithm 2), as
 * diffusers 0.27.2 computes it, in double precision.
 *
 * <p>Where diffusers gives NaN this does not: {@code fixed_large_log} is the exponential of its
 * logarithm, a {@code learned} variance is at least 1e-20, and an epsilon prediction at a timestep
 * without signal is divided by a small number in place of zero.
 */
public final class DDPMScheduler implements Scheduler {
  private static final double LEAST_VARIANCE = 1e-20;

  private final SchedulerConfig config;
  private final VarianceType varianceType;
  private final NoiseSchedule schedule;

  /** A scheduler with the given configuration. */
  public DDPMScheduler(SchedulerConfig config, VarianceType varianceType) {
    this.config = config;
    this.varianceType = varianceType;
    this.schedule = config.noiseSchedule();
  }

  /** A scheduler with diffusers' default variance, {@code fixed_small}. */
  public DDPMScheduler(SchedulerConfig config) {
    this(config, VarianceType.FIXED_SMALL);
  }

  @Override
  public String className() {
    return "DDPMScheduler";
  }

  @Override
  public SchedulerConfig config() {
    return config;
  }

  /** The variance of the noise that a step adds. */
  public VarianceType varianceType() {
    return varianceType;
  }

  @Override
  public Map<String, Object> ownKeys() {
    return Map.of("variance_type", varianceType.id());
  }

  @Override
  public NoiseSchedule noiseSchedule() {
    return schedule;
  }

  @Override
  public boolean needsVariance() {
    return varianceType.learned();
  }

  @Override
  public boolean addsNoise(int timestep, StepOptions options) {
    return timestep > 0;
  }

  @Override
  public Step step(
      float[] modelOutput,
      int timestep,
      int previousTimestep,
      float[] sample,
      float[] noise,
      int images,
      StepOptions options) {
    StepMath.check(modelOutput.length, varianceType.learned(), sample, noise, images);
    boolean noisy = addsNoise(timestep, options);
    if (noisy && noise == null) {
      throw new IllegalArgumentException("The step from timestep " + timestep + " needs noise");
    }
    double alphaCumprod = schedule.alphaCumprod(timestep);
    double alphaCumprodPrevious =
        previousTimestep >= 0 ? schedule.alphaCumprod(previousTimestep) : 1;
    double alpha = StepMath.kept(alphaCumprod, alphaCumprodPrevious);
    // Equation 7. Without any noise in x_t the previous sample is x_0 itself.
    double originalShare =
        alphaCumprod == 1 ? 1 : Math.sqrt(alphaCumprodPrevious) * (1 - alpha) / (1 - alphaCumprod);
    double sampleShare =
        alphaCumprod == 1 ? 0 : Math.sqrt(alpha) * (1 - alphaCumprodPrevious) / (1 - alphaCumprod);
    double smallVariance =
        Math.max(StepMath.posteriorVariance(alphaCumprod, alphaCumprodPrevious), LEAST_VARIANCE);
    double largeVariance = 1 - alpha;

    float[] prevSample = new float[sample.length];
    float[] predOriginalSample = new float[sample.length];
    int size = sample.length / images;
    int outputSize = modelOutput.length / images;
    double[] original = new double[size];
    for (int image = 0; image < images; image++) {
      int from = image * size;
      int outputFrom = image * outputSize;
      for (int i = 0; i < size; i++) {
        original[i] =
            StepMath.predOriginal(
                config.predictionType(),
                alphaCumprod,
                modelOutput[outputFrom + i],
                sample[from + i]);
      }
      StepMath.bound(config, original);
      for (int i = 0; i < size; i++) {
        double previous = originalShare * original[i] + sampleShare * sample[from + i];
        if (noisy) {
          double predicted = varianceType.learned() ? modelOutput[outputFrom + size + i] : 0;
          previous += standardDeviation(smallVariance, largeVariance, predicted) * noise[from + i];
        }
        prevSample[from + i] = (float) previous;
        predOriginalSample[from + i] = (float) original[i];
      }
    }
    return new Step(prevSample, predOriginalSample);
  }

  private double standardDeviation(double small, double large, double predicted) {
    return switch (varianceType) {
      case FIXED_SMALL, FIXED_SMALL_LOG -> Math.sqrt(small);
      case FIXED_LARGE, FIXED_LARGE_LOG -> Math.sqrt(large);
      case LEARNED -> Math.sqrt(Math.max(predicted, LEAST_VARIANCE));
      case LEARNED_RANGE -> {
        double share = (predicted + 1) / 2;
        double least = Math.log(small);
        double most = Math.log(Math.max(large, LEAST_VARIANCE));
        yield Math.exp((share * most + (1 - share) * least) / 2);
      }
    };
  }
}
