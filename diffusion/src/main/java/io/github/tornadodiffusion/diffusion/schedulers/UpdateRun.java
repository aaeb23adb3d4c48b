package io.github.tornadodiffusion.diffusion.schedulers;

import java.util.Arrays;
import java.util.List;

/** Applies the updates of one call to copies of a state's arrays. */
final class UpdateRun {
  private final int images;
  private final int size;
  private final float[] modelOutput;
  private final boolean variance;
  private double[][] registers;

  /**
   * Prepares a run.
   *
   * @param variance whether the output has a second half of channels
   */
  UpdateRun(SamplingState state, int images, float[] modelOutput, float[] noise, boolean variance) {
    this.images = images;
    this.modelOutput = modelOutput;
    this.variance = variance;
    size = state.register(Update.SAMPLE).length;
    registers = new double[Math.max(state.registers(), Update.OWN)][];
    for (int i = 0; i < registers.length; i++) {
      put(i, state.register(i));
    }
    put(Update.OUTPUT, output());
    put(Update.NOISE, noise == null ? null : SamplingState.widen(noise, 1));
  }

  /** Returns the arrays after all updates. */
  double[][] all(List<Update> updates) {
    for (Update update : updates) {
      switch (update) {
        case Update.Combine combine -> put(combine.target(), combination(combine.terms()));
        case Update.Clip clip -> put(clip.target(), clipped(clip));
        case Update.Threshold threshold -> put(threshold.target(), thresholded(threshold));
        case Update.LearnedNoise learned -> put(learned.target(), withLearnedNoise(learned));
      }
    }
    registers[Update.OUTPUT] = null;
    registers[Update.NOISE] = null;
    return registers;
  }

  private void put(int register, double[] values) {
    if (register >= registers.length) {
      registers = Arrays.copyOf(registers, register + 1);
    }
    registers[register] = values;
  }

  private double[] output() {
    int imageSize = size / images;
    int stride = variance ? 2 * imageSize : imageSize;
    double[] output = new double[size];
    for (int i = 0; i < size; i++) {
      output[i] = modelOutput[i / imageSize * stride + i % imageSize];
    }
    return output;
  }

  private double[] combination(List<Update.Term> terms) {
    double[] sum = new double[size];
    for (Update.Term term : terms) {
      double[] values = registers[term.register()];
      double weight = term.weight();
      for (int i = 0; i < size; i++) {
        sum[i] += weight * values[i];
      }
    }
    return sum;
  }

  private double[] clipped(Update.Clip clip) {
    double[] values = registers[clip.target()].clone();
    for (int i = 0; i < size; i++) {
      values[i] = Math.clamp(values[i], -clip.limit(), clip.limit());
    }
    return values;
  }

  private double[] thresholded(Update.Threshold threshold) {
    double[] values = registers[threshold.target()].clone();
    int imageSize = size / images;
    for (int from = 0; from < size; from += imageSize) {
      double quantile = quantileOfMagnitude(values, from, from + imageSize, threshold.ratio());
      double limit = Math.min(Math.max(quantile, 1), threshold.most());
      for (int i = from; i < from + imageSize; i++) {
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
    double[] values = registers[learned.target()].clone();
    double[] noise = registers[Update.NOISE];
    int imageSize = size / images;
    for (int i = 0; i < size; i++) {
      double predicted = modelOutput[(i / imageSize * 2 + 1) * imageSize + i % imageSize];
      values[i] += noise[i] * Math.sqrt(variance(learned, predicted));
    }
    return values;
  }

  private static double variance(Update.LearnedNoise learned, double predicted) {
    if (Double.isNaN(learned.leastLog())) {
      return Math.max(predicted, learned.least());
    }
    double share = (predicted + 1) / 2;
    return Math.exp(share * learned.mostLog() + (1 - share) * learned.leastLog());
  }
}
