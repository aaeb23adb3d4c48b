package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdate;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Order;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.RecordedProgram.Part;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.graph.Trials;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The arrays that a sampler keeps on the device beside the model, its registers, all with the shape
 * of a batch of samples. A call of the model needs only timesteps, labels and a few coefficients
 * from the host.
 *
 * <p>The first registers have a fixed meaning, the free ones after them have none.
 */
public final class SampleRegisters implements AutoCloseable {
  /** The input of the model, up to a factor. */
  public static final int SAMPLE = 0;

  /** The model's output, without the channels that predict a variance. */
  public static final int OUTPUT = 1;

  /** Standard normal noise. */
  public static final int NOISE = 2;

  /** The channels that predict a variance; a model that predicts none has no such register. */
  public static final int VARIANCE = 3;

  private final SamplerGraph graph;
  private final LoadedProgram loaded;

  private SampleRegisters(SamplerGraph graph, LoadedProgram loaded) {
    this.graph = graph;
    this.loaded = loaded;
  }

  /**
   * Records a model together with the registers of a sampler and what it does to them.
   *
   * @param model with the inputs {@link Model#SAMPLE} and {@link Model#TIMESTEPS}, optionally
   *     {@link Model#CLASS_LABELS}, and the output {@link Model#SAMPLE}
   * @param free registers without a meaning
   * @throws IllegalArgumentException if the model cannot take such batches, or its output is no
   *     sample
   */
  public static RecordedProgram<SampleRegisters> record(Model model, BatchShape batch, int free) {
    Graph graph = new Graph(model.parameters(), Trainable.NONE, Graph.Mode.EVALUATION);
    Tensor sample =
        Tensor.persistent(Model.SAMPLE, model.input(batch, Model.SAMPLE).shape(), false);
    Map<String, Tensor> inputs = graph.inputs(model.inputs(batch), Map.of(Model.SAMPLE, sample));
    Tensor output = model.record(graph, inputs).get(Model.SAMPLE);
    Steps steps = new Steps();
    graph.forward(steps);
    steps.keep(output);
    List<Buffer> read = new ArrayList<>(List.of(sample.buffer()));
    read.addAll(graph.inputBuffers());
    List<Part> parts = new ArrayList<>();
    parts.add(new Part("forward", 0, steps.size(), read, List.of(output.buffer())));
    SamplerGraph sampler = new SamplerGraph(sample, output, free);
    sampler.addTo(steps);
    sampler.trialContent().forEach(graph::forTrials);
    parts.addAll(sampler.programs.all());
    return new RecordedProgram<>(
        batch,
        graph,
        steps,
        parts,
        () -> record(model, batch.atMost(Trials.BATCH), free).trialsOfSteps(),
        loaded -> new SampleRegisters(sampler, loaded));
  }

  /** Images of a batch. */
  public int batch() {
    return graph.registers.get(SAMPLE).n();
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
    loaded.write(graph.registers.get(register), "values", images, Order.CHANNELS_FIRST);
  }

  /**
   * Reads a register.
   *
   * @return {@code [n, c, h, w]}
   */
  public float[] read(int register) {
    return loaded.read(graph.registers.get(register), Order.CHANNELS_FIRST);
  }

  /**
   * Fills {@link #NOISE} with the values that {@link
   * io.github.tornadodiffusion.kernels.ops.noise.Philox#gaussian} gives from an index on, in the
   * order [n, c, h, w].
   */
  public void drawNoise(long seed, int stream, int step, long firstIndex) {
    loaded.write(graph.seed, Noise.seedBlock(seed, stream, step, firstIndex));
    loaded.run(graph.programs.noise());
  }

  /**
   * Calls the model.
   *
   * @param inputScale the model reads {@link #SAMPLE} times this factor
   * @param timesteps {@code [n]}
   * @param labels {@code [n]}, or null for a model without classes
   * @throws IllegalArgumentException if a length does not fit the batch, or a number the model
   */
  public void predict(float inputScale, float[] timesteps, int[] labels) {
    predict(
        inputScale,
        timesteps,
        labels == null ? Map.of() : Map.of(Model.CLASS_LABELS, Input.floats(labels)));
  }

  /**
   * Calls a model with any inputs.
   *
   * @param values of its inputs besides {@link Model#SAMPLE} and {@link Model#TIMESTEPS}, by name
   * @throws IllegalArgumentException in one line if something is missing or does not fit the model
   */
  public void predict(float inputScale, float[] timesteps, Map<String, float[]> values) {
    Map<String, float[]> all = new HashMap<>(values);
    all.put(Model.TIMESTEPS, timesteps);
    loaded.writeInputs(all, null);
    loaded.write(graph.inputScale, new float[] {inputScale});
    loaded.run(graph.programs.input());
    loaded.run();
    if (graph.variance) {
      loaded.run(graph.programs.split());
    }
  }

  /**
   * Combines registers.
   *
   * @param lines at most {@link SamplerUpdate#MOST_LINES}, in order
   */
  public void combine(List<SamplerUpdate.Line> lines) {
    loaded.write(graph.lines, SamplerUpdate.lines(lines, count()));
    loaded.run(graph.programs.combine());
  }

  /**
   * Replaces {@link #VARIANCE} by noise of that variance: {@link #NOISE} times the standard
   * deviation.
   *
   * @param coefficients see {@link SamplerUpdate#logarithmicDeviation} and {@link
   *     SamplerUpdate#plainDeviation}
   */
  public void learnedNoise(float[] coefficients) {
    loaded.write(graph.deviation, coefficients);
    loaded.run(graph.programs.learnedNoise());
  }

  /** The program that {@link #predict} runs, for profiles. */
  public LoadedProgram loaded() {
    return loaded;
  }

  @Override
  public void close() {
    loaded.close();
  }
}
