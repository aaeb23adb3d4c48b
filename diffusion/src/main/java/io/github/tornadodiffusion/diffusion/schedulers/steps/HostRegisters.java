package io.github.tornadodiffusion.diffusion.schedulers.steps;

import java.util.Arrays;
import java.util.List;

/**
 * The registers of a sampler in the memory of the JVM, by {@link Update}'s numbers. Double
 * precision, so that a step adds no error of its own.
 */
public final class HostRegisters {
  private final int images;
  private final int imageLength;
  private double[][] registers = new double[Update.OWN][];

  /**
   * Registers that hold nothing.
   *
   * @param images how many images an array holds, at least 1
   * @param imageLength values per image
   */
  public HostRegisters(int images, int imageLength) {
    this.images = images;
    this.imageLength = imageLength;
  }

  /** The registers of a state, whose arrays are not changed. */
  public static HostRegisters of(SamplingState state, int images) {
    HostRegisters all = new HostRegisters(images, state.register(Update.SAMPLE).length / images);
    for (int i = 0; i < state.registers(); i++) {
      all.put(i, state.register(i));
    }
    return all;
  }

  /** The arrays that are kept after a call of the model. */
  public SamplingState state() {
    double[][] kept = registers.clone();
    kept[Update.OUTPUT] = null;
    kept[Update.NOISE] = null;
    kept[Update.VARIANCE] = null;
    return new SamplingState(kept);
  }

  /**
   * Sets a register.
   *
   * @param values images one after another
   * @throws IllegalArgumentException if they are of another size
   */
  public void write(int register, float[] values) {
    if (values.length != images * imageLength) {
      throw new IllegalArgumentException(
          "%d values for %d images of %d".formatted(values.length, images, imageLength));
    }
    put(register, SamplingState.widen(values, 1));
  }

  /**
   * The values of a register that holds any, times a factor.
   *
   * @return images one after another
   */
  public float[] read(int register, double factor) {
    return SamplingState.narrow(get(register), factor);
  }

  /**
   * Sets {@link Update#OUTPUT}, and {@link Update#VARIANCE} if the model predicts one.
   *
   * @param modelOutput as many channels as the sample, or twice as many
   * @throws IllegalArgumentException if it has another length
   */
  public void writeOutput(float[] modelOutput) {
    int size = images * imageLength;
    boolean variance = modelOutput.length == 2 * size;
    if (!variance && modelOutput.length != size) {
      throw new IllegalArgumentException(
          "The model's output has %d values for a sample of %d: its out_channels must be the sample's"
                  .formatted(modelOutput.length, size)
              + " channels, or twice as many for a learned variance_type");
    }
    put(Update.OUTPUT, half(modelOutput, 0, variance ? 2 : 1));
    put(Update.VARIANCE, variance ? half(modelOutput, 1, 2) : null);
  }

  private double[] half(float[] modelOutput, int which, int halves) {
    double[] half = new double[images * imageLength];
    for (int i = 0; i < half.length; i++) {
      half[i] = modelOutput[(i / imageLength * halves + which) * imageLength + i % imageLength];
    }
    return half;
  }

  /**
   * Carries out updates in order.
   *
   * @throws IllegalArgumentException if they read registers that hold nothing
   */
  public void apply(List<Update> updates) {
    for (Update update : updates) {
      double[] result =
          switch (update) {
            case Update.Combine combine -> combination(combine.terms());
            case Update.Multiply multiply -> product(multiply);
            case Update.Clip clip -> clipped(clip);
            case Update.Threshold threshold -> thresholded(threshold);
            case Update.LearnedNoise learned -> withLearnedNoise(learned);
          };
      put(update.target(), result);
    }
  }

  private double[] get(int register) {
    double[] values = register < registers.length ? registers[register] : null;
    if (values == null) {
      throw new IllegalArgumentException(nothingIn(register));
    }
    return values;
  }

  /** The message for reading a register that holds nothing. */
  public static String nothingIn(int register) {
    return register == Update.VARIANCE
        ? "A learned variance_type takes a model of twice the sample's channels"
        : "The register %d of the sampler holds nothing".formatted(register);
  }

  private void put(int register, double[] values) {
    if (register >= registers.length) {
      registers = Arrays.copyOf(registers, register + 1);
    }
    registers[register] = values;
  }

  private double[] combination(List<Update.Term> terms) {
    double[] sum = new double[images * imageLength];
    for (Update.Term term : terms) {
      double[] values = get(term.register());
      double weight = term.weight();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += weight * values[i];
      }
    }
    return sum;
  }

  private double[] product(Update.Multiply multiply) {
    double[] product = get(multiply.target()).clone();
    double[] factor = get(multiply.factor());
    for (int i = 0; i < product.length; i++) {
      product[i] *= factor[i];
    }
    return product;
  }

  private double[] clipped(Update.Clip clip) {
    double[] values = get(clip.target()).clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.clamp(values[i], -clip.limit(), clip.limit());
    }
    return values;
  }

  private double[] thresholded(Update.Threshold threshold) {
    double[] values = get(threshold.target()).clone();
    for (int from = 0; from < values.length; from += imageLength) {
      double quantile = quantileOfMagnitude(values, from, from + imageLength, threshold.ratio());
      double limit = Math.min(Math.max(quantile, 1), threshold.most());
      for (int i = from; i < from + imageLength; i++) {
        values[i] = Math.clamp(values[i], -limit, limit) / limit;
      }
    }
    return values;
  }

  /** Between the two nearest ranks by linear interpolation, as torch.quantile. */
  private static double quantileOfMagnitude(double[] values, int from, int to, double ratio) {
    double[] sorted = new double[to - from];
    Arrays.setAll(sorted, i -> Math.abs(values[from + i]));
    Arrays.sort(sorted);
    double rank = ratio * (sorted.length - 1);
    int below = (int) rank;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
  }

  private double[] withLearnedNoise(Update.LearnedNoise learned) {
    double[] values = get(learned.target()).clone();
    double[] noise = get(Update.NOISE);
    double[] predicted = get(Update.VARIANCE);
    for (int i = 0; i < values.length; i++) {
      values[i] += noise[i] * Math.sqrt(variance(learned, predicted[i]));
    }
    return values;
  }

  private static double variance(Update.LearnedNoise learned, double predicted) {
    if (learned.plain()) {
      return Math.max(predicted, learned.least());
    }
    double share = (predicted + 1) / 2;
    return Math.exp(share * learned.mostLog() + (1 - share) * learned.leastLog());
  }
}
