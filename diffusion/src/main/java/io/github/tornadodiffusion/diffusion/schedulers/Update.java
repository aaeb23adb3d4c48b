package io.github.tornadodiffusion.diffusion.schedulers;

import java.util.List;

/**
 * What a sampler does with the arrays it keeps, its registers, once the model has answered. Every
 * array has the size of the sample.
 */
public sealed interface Update {
  /** The sample. */
  int SAMPLE = 0;

  /** The model's output, without the channels that predict a variance. */
  int OUTPUT = 1;

  /** Standard normal noise. */
  int NOISE = 2;

  /** The x_0 that the output means, after clipping. */
  int ORIGINAL = 3;

  /** The first of the registers that a scheduler uses as it likes. */
  int OWN = 4;

  /** The register that is written. */
  int target();

  /** A weight and the register that it belongs to. */
  record Term(int register, double weight) {}

  /** {@code target = sum of weight * register}; the target may be among the terms. */
  record Combine(int target, List<Term> terms) implements Update {
    public Combine {
      terms = List.copyOf(terms);
    }
  }

  /**
   * Clips every value to [-limit, limit], in place.
   *
   * @param limit above 0
   */
  record Clip(int target, double limit) implements Update {}

  /**
   * Clips every image to a quantile of its own magnitudes, at least 1 and at most {@code most}, and
   * divides it by that (Saharia et al. 2022, Imagen, section 2.3), in place.
   *
   * @param ratio which quantile, 0..1
   */
  record Threshold(int target, double ratio, double most) implements Update {}

  /**
   * Adds noise whose variance the model predicts in its second half of channels.
   *
   * @param leastLog the logarithm of the variance where the model says -1; NaN where it says the
   *     variance itself
   * @param mostLog the logarithm of the variance where the model says 1
   * @param least the smallest variance
   */
  record LearnedNoise(int target, double leastLog, double mostLog, double least)
      implements Update {}
}
