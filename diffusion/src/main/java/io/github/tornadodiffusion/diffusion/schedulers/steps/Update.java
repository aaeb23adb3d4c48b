package io.github.tornadodiffusion.diffusion.schedulers.steps;

import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a sampler does with the arrays that it keeps, its registers, after a call of the model.
 * Every array has the size of the sample. All updates treat every element separately, except for
 * {@link Threshold}, which sorts.
 *
 * <p>A model on a device has the first four registers.
 */
public sealed interface Update {
  /** The sample. */
  int SAMPLE = SampleRegisters.SAMPLE;

  /** The model's output, without the channels that predict a variance. */
  int OUTPUT = SampleRegisters.OUTPUT;

  /** Standard normal noise. */
  int NOISE = SampleRegisters.NOISE;

  /** The channels of the model's output that predict a variance. */
  int VARIANCE = SampleRegisters.VARIANCE;

  /** The x_0 that the output implies, after clipping. */
  int ORIGINAL = 4;

  /** The model's output without a label, for guidance. */
  int UNCONDITIONAL = 5;

  /** Clean images that a process begins with, or parts of which it keeps. */
  int IMAGES = 6;

  /** 1 where a process draws, 0 where it keeps the image. */
  int DRAWN = 7;

  /** 0 where a process draws, 1 where it keeps the image. */
  int KEPT = 8;

  /** The noise that a process began with, where it needs that again. */
  int FIRST_NOISE = 9;

  /** The first of the registers that a scheduler can use freely. */
  int OWN = 10;

  /** The register that is written. */
  int target();

  /** The registers that are read. */
  Set<Integer> reads();

  /** Whether a register is read. */
  default boolean reads(int register) {
    return reads().contains(register);
  }

  /** A weight and the register that it belongs to. */
  record Term(int register, double weight) {}

  /** {@code target = sum of weight * register}; the target may be among the terms. */
  record Combine(int target, List<Term> terms) implements Update {
    /** Copies the terms. */
    public Combine {
      terms = List.copyOf(terms);
    }

    @Override
    public Set<Integer> reads() {
      return terms.stream().map(Term::register).collect(Collectors.toSet());
    }

    @Override
    public boolean reads(int register) {
      for (Term term : terms) {
        if (term.register() == register) {
          return true;
        }
      }
      return false;
    }
  }

  /** {@code target = target * factor}, element by element. */
  record Multiply(int target, int factor) implements Update {
    @Override
    public Set<Integer> reads() {
      return Set.of(target, factor);
    }
  }

  /**
   * Clips every value to [-limit, limit], in place.
   *
   * @param limit above 0
   */
  record Clip(int target, double limit) implements Update {
    @Override
    public Set<Integer> reads() {
      return Set.of(target);
    }
  }

  /**
   * Clips every image to a quantile of its own magnitudes, at least 1 and at most {@code most}, and
   * divides it by that (Saharia et al. 2022, Imagen, section 2.3), in place.
   *
   * @param ratio which quantile, 0..1
   */
  record Threshold(int target, double ratio, double most) implements Update {
    @Override
    public Set<Integer> reads() {
      return Set.of(target);
    }
  }

  /**
   * Adds noise whose variance the model predicts in its second half of channels; nothing may read
   * {@link #VARIANCE} afterwards.
   *
   * @param leastLog the logarithm of the variance where the model predicts -1; NaN if it predicts
   *     the variance itself
   * @param mostLog the logarithm of the variance where the model predicts 1
   * @param least the smallest variance
   */
  record LearnedNoise(int target, double leastLog, double mostLog, double least) implements Update {
    /** Whether the model predicts the variance itself. */
    public boolean plain() {
      return Double.isNaN(leastLog);
    }

    @Override
    public Set<Integer> reads() {
      return Set.of(target, NOISE, VARIANCE);
    }
  }
}
