package io.github.tornadodiffusion.kernels.ops.sampling;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdateKernels.Combine;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdateKernels.LearnedNoise;
import java.util.Arrays;
import java.util.List;

/**
 * What a sampler does between two calls of its model: it forms linear combinations of the arrays
 * that it keeps, its registers, which all have the same shape and no border. Bound by memory.
 *
 * <p>The offsets of the registers are fixed when a program is made. Which of them a line combines,
 * and how, is data that the host writes before each run.
 */
public final class SamplerUpdate {
  /** Floats that one iteration works on. */
  static final int CHUNK = 4096;

  /** Lines of one run, at most. */
  public static final int MOST_LINES = 16;

  /** Places of a line, which starts with its target. */
  static final int FACTOR = 1;

  static final int LIMIT = 2;

  /** Floats of a line before its weights. */
  static final int HEAD = 3;

  /** Floats in the coefficients of {@link #learnedNoise}. */
  public static final int LEARNED_SIZE = 3;

  private static final Kernel COMBINE =
      Kernel.of(SamplerUpdateKernels.class, "combine").with(SamplerUpdateOracles::combine);
  private static final Kernel LEARNED_NOISE =
      Kernel.of(SamplerUpdateKernels.class, "learnedNoise")
          .with(SamplerUpdateOracles::learnedNoise);

  private SamplerUpdate() {}

  /**
   * register[target] = clip(register[factor] * sum over k of weights[k] * register[k]).
   *
   * <p>A register whose weight is 0 is not read.
   *
   * @param target may be among those that are read
   * @param factor a register; -1 for none, which means 1
   * @param limit every value is clipped to [-limit, limit]; 0 for no clipping
   * @param weights one for each register
   */
  @SuppressWarnings("ArrayRecordComponent") // goes to the device, nobody compares it
  public record Line(int target, int factor, float limit, float[] weights) {}

  /** Floats of the block that {@link #lines} makes for a number of registers. */
  public static int linesSize(int registers) {
    return Block.round16(1 + MOST_LINES * (HEAD + registers));
  }

  /**
   * The content of the block of lines for {@link #combine}.
   *
   * @param lines at most {@link #MOST_LINES}, carried out in order
   * @throws IllegalArgumentException if a line does not fit the registers or they are too many
   */
  public static float[] lines(List<Line> lines, int registers) {
    if (lines.size() > MOST_LINES) {
      throw new IllegalArgumentException(
          "%d lines: a run has at most %d".formatted(lines.size(), MOST_LINES));
    }
    float[] block = new float[linesSize(registers)];
    block[0] = lines.size();
    int at = 1;
    for (Line line : lines) {
      if (line.weights.length != registers
          || line.target < 0
          || line.target >= registers
          || line.factor < -1
          || line.factor >= registers
          || !(line.limit >= 0)) {
        throw new IllegalArgumentException(
            "Not a line for %d registers: target %d, factor %d, limit %s, weights %s"
                .formatted(
                    registers,
                    line.target,
                    line.factor,
                    line.limit,
                    Arrays.toString(line.weights)));
      }
      block[at] = line.target;
      block[at + FACTOR] = line.factor;
      block[at + LIMIT] = line.limit;
      System.arraycopy(line.weights, 0, block, at + HEAD, registers);
      at += HEAD + registers;
    }
    return block;
  }

  /**
   * Carries out lines.
   *
   * @param lines offset of the block of {@link #lines}
   * @param registers in the order of their numbers
   */
  public static Call combine(int lines, List<Block> registers) {
    Block first = registers.getFirst();
    registers.forEach(register -> requireSame(COMBINE, first, register));
    int[] d = new int[Combine.REGISTERS + registers.size()];
    d[Combine.CHUNKS] = chunks(first);
    d[Combine.LENGTH] = first.size();
    d[Combine.COUNT] = registers.size();
    d[Combine.LINES] = lines;
    for (int k = 0; k < registers.size(); k++) {
      d[Combine.REGISTERS + k] = registers.get(k).offset();
    }
    // One line that reads two registers, the least that a sampler does.
    return new Call(COMBINE, d, d[Combine.CHUNKS], 3.0 * first.size(), 12.0 * first.size());
  }

  /**
   * The coefficients of a standard deviation for a model that predicts where the logarithm of the
   * variance lies between two bounds (Nichol and Dhariwal 2021, equation 15).
   *
   * @param leastLog the logarithm of the variance where the model says -1
   * @param mostLog the logarithm of the variance where the model says 1
   */
  public static float[] logarithmicDeviation(double leastLog, double mostLog) {
    return new float[] {(float) ((leastLog + mostLog) / 4), (float) ((mostLog - leastLog) / 4), 0};
  }

  /**
   * The coefficients of a standard deviation for a model that predicts the variance.
   *
   * @param least the smallest variance, above 0
   */
  public static float[] plainDeviation(double least) {
    return new float[] {0, 0, (float) least};
  }

  /**
   * variance = noise * deviation(variance): exp(c[0] + c[1] * variance) where c[2] is 0, and
   * sqrt(max(variance, c[2])) where it is above.
   *
   * @param coefficients offset of c, see {@link #logarithmicDeviation} and {@link #plainDeviation}
   */
  public static Call learnedNoise(Block variance, Block noise, int coefficients) {
    requireSame(LEARNED_NOISE, variance, noise);
    int[] d = new int[LearnedNoise.SIZE];
    d[LearnedNoise.CHUNKS] = chunks(variance);
    d[LearnedNoise.LENGTH] = variance.size();
    d[LearnedNoise.VARIANCE] = variance.offset();
    d[LearnedNoise.NOISE] = noise.offset();
    d[LearnedNoise.COEFFICIENTS] = coefficients;
    return new Call(
        LEARNED_NOISE, d, d[LearnedNoise.CHUNKS], 4.0 * variance.size(), 12.0 * variance.size());
  }

  private static void requireSame(Kernel kernel, Block first, Block other) {
    Rows.requireNoBorder(kernel, first, other);
    if (!other.at(0).equals(first.at(0))) {
      throw Rows.mismatch(kernel, other, first);
    }
  }

  private static int chunks(Block block) {
    return (block.size() + CHUNK - 1) / CHUNK;
  }
}
