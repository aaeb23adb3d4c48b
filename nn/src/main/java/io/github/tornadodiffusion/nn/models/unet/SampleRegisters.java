package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdate;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.List;

/**
 * The arrays that a sampler keeps on the device beside the model, its registers: all of the shape
 * of a batch of samples. What a call of the model needs from the host is a timestep, labels and a
 * few coefficients.
 *
 * <p>The first registers have a meaning, the free ones behind them have none.
 */
public final class SampleRegisters {
  /** What the model sees, up to a factor. */
  public static final int SAMPLE = 0;

  /** The model's output, without the channels that predict a variance. */
  public static final int OUTPUT = 1;

  /** Standard normal noise. */
  public static final int NOISE = 2;

  /** The channels that predict a variance; a model without has no such register. */
  public static final int VARIANCE = 3;

  private final SamplerGraph graph;
  private final LoadedProgram loaded;
  private final SamplerGraph.Programs programs;
  private final Conditions conditions;

  SampleRegisters(
      SamplerGraph graph,
      LoadedProgram loaded,
      SamplerGraph.Programs programs,
      Conditions conditions) {
    this.graph = graph;
    this.loaded = loaded;
    this.programs = programs;
    this.conditions = conditions;
  }

  /** Images of a batch. */
  public int batch() {
    return conditions.batch;
  }

  /** Whether the model predicts a variance. */
  public boolean hasVariance() {
    return graph.variance;
  }

  /** Values of a batch of samples. */
  public int floats() {
    Tensor sample = graph.registers.get(SAMPLE);
    return sample.shape().pixels() * sample.c();
  }

  /** How many registers there are. */
  public int count() {
    return graph.registers.size();
  }

  /**
   * Writes a register.
   *
   * @param images {@code [n, c, h, w]}
   * @throws IllegalArgumentException if the length does not fit the batch
   */
  public void write(int register, float[] images) {
    loaded.writeImages(graph.registers.get(register), "values", images);
  }

  /**
   * Reads a register.
   *
   * @return {@code [n, c, h, w]}
   */
  public float[] read(int register) {
    return loaded.readImages(graph.registers.get(register));
  }

  /**
   * Fills {@link #NOISE} with the values that {@link
   * io.github.tornadodiffusion.kernels.ops.noise.Philox#gaussian} gives from an index on, in the
   * order [n, c, h, w].
   */
  public void drawNoise(long seed, int stream, int step, long firstIndex) {
    loaded.write(graph.seed, Noise.seedBlock(seed, stream, step, firstIndex));
    loaded.run(programs.noise());
  }

  /**
   * Calls the model.
   *
   * @param inputScale the model sees this times {@link #SAMPLE}
   * @param timesteps {@code [n]}
   * @param labels {@code [n]}, or null for a model without classes
   * @throws IllegalArgumentException if a length does not fit the batch, or a number the model
   */
  public void predict(float inputScale, float[] timesteps, int[] labels) {
    conditions.write(loaded, timesteps, UNetInputs.floats(labels));
    loaded.write(graph.inputScale, new float[] {inputScale});
    loaded.run(programs.input());
    loaded.run();
    if (graph.variance) {
      loaded.run(programs.split());
    }
  }

  /**
   * Combines registers.
   *
   * @param lines at most {@link SamplerUpdate#MOST_LINES}, in order
   */
  public void combine(List<SamplerUpdate.Line> lines) {
    loaded.write(graph.lines, SamplerUpdate.lines(lines, count()));
    loaded.run(programs.combine());
  }

  /**
   * Makes {@link #VARIANCE} the noise of that variance: {@link #NOISE} times its root.
   *
   * @param coefficients see {@link SamplerUpdate#logarithmicDeviation} and {@link
   *     SamplerUpdate#plainDeviation}
   */
  public void learnedNoise(float[] coefficients) {
    loaded.write(graph.deviation, coefficients);
    loaded.run(programs.learnedNoise());
  }
}
