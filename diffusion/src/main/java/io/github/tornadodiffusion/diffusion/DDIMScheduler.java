package io.github.tornadodiffusion.diffusion;

import java.util.Map;

/**
 * Denoising diffusion implicit models (Song et al. 2021, equations 12 and 16), as diffusers 0.27.2
 * computes them, in double precision. Without noise (eta 0) a sample depends on its initial noise
 * alone.
 */
public final class DDIMScheduler implements Scheduler {
  private final SchedulerConfig config;
  private final boolean setAlphaToOne;
  private final NoiseSchedule schedule;

  /**
   * A scheduler with the given configuration.
   *
   * @param setAlphaToOne whether the last step leads to a sample without noise; else to timestep 0
   */
  public DDIMScheduler(SchedulerConfig config, boolean setAlphaToOne) {
    this.config = config;
    this.setAlphaToOne = setAlphaToOne;
    this.schedule = config.noiseSchedule();
  }

  /** A scheduler with diffusers' default end, a sample without noise. */
  public DDIMScheduler(SchedulerConfig config) {
    this(config, true);
  }

  @Override
  public String className() {
    return "DDIMScheduler";
  }

  @Override
  public SchedulerConfig config() {
    return config;
  }

  /** Whether the last step leads to a sample without noise; else to timestep 0. */
  public boolean setAlphaToOne() {
    return setAlphaToOne;
  }

  @Override
  public Map<String, Object> ownKeys() {
    return Map.of("set_alpha_to_one", setAlphaToOne);
  }

  @Override
  public NoiseSchedule noiseSchedule() {
    return schedule;
  }

  @Override
  public boolean addsNoise(int timestep, StepOptions options) {
    return options.eta() > 0;
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
    StepMath.check(modelOutput.length, false, sample, noise, images);
    boolean noisy = addsNoise(timestep, options);
    if (noisy && noise == null) {
      throw new IllegalArgumentException(
          "The step from timestep " + timestep + " needs noise because eta is " + options.eta());
    }
    double alphaCumprod = schedule.alphaCumprod(timestep);
    double alphaCumprodPrevious =
        previousTimestep >= 0 ? schedule.alphaCumprod(previousTimestep) : finalAlphaCumprod();
    double variance = StepMath.posteriorVariance(alphaCumprod, alphaCumprodPrevious);
    double standardDeviation = options.eta() * Math.sqrt(Math.max(variance, 0));
    double signalPrevious = Math.sqrt(alphaCumprodPrevious);
    // With eta 1 rounding can take the difference just below zero.
    double direction =
        Math.sqrt(Math.max(1 - alphaCumprodPrevious - standardDeviation * standardDeviation, 0));

    float[] prevSample = new float[sample.length];
    float[] predOriginalSample = new float[sample.length];
    int size = sample.length / images;
    double[] original = new double[size];
    for (int from = 0; from < sample.length; from += size) {
      for (int i = 0; i < size; i++) {
        original[i] =
            StepMath.predOriginal(
                config.predictionType(), alphaCumprod, modelOutput[from + i], sample[from + i]);
      }
      double[] unbounded = original.clone();
      StepMath.bound(config, original);
      for (int i = 0; i < size; i++) {
        double output = modelOutput[from + i];
        double epsilon =
            options.useClippedModelOutput()
                ? noiseIn(sample[from + i], original[i], alphaCumprod)
                : predEpsilon(output, sample[from + i], unbounded[i], alphaCumprod);
        double previous = signalPrevious * original[i] + direction * epsilon;
        if (noisy) {
          previous += standardDeviation * noise[from + i];
        }
        prevSample[from + i] = (float) previous;
        predOriginalSample[from + i] = (float) original[i];
      }
    }
    return new Step(prevSample, predOriginalSample);
  }

  private double finalAlphaCumprod() {
    return setAlphaToOne ? 1 : schedule.alphaCumprod(0);
  }

  private double predEpsilon(double output, double sample, double original, double alphaCumprod) {
    return switch (config.predictionType()) {
      case EPSILON -> output;
      case SAMPLE -> noiseIn(sample, original, alphaCumprod);
      case V_PREDICTION -> Math.sqrt(alphaCumprod) * output + Math.sqrt(1 - alphaCumprod) * sample;
    };
  }

  /** The noise that x_t holds beside the given x_0; zero where x_t has no noise. */
  private static double noiseIn(double sample, double original, double alphaCumprod) {
    return alphaCumprod == 1
        ? 0
        : (sample - Math.sqrt(alphaCumprod) * original) / Math.sqrt(1 - alphaCumprod);
  }
}
