package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.distributed.TreeSum;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.RecordedProgram.Part;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.graph.Trials;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.programs.LossWeights;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;

/**
 * Training on a device. One program is one step: the objective, its backward pass, clipping, the
 * optimizer and EMA. Only inputs and losses are transferred; parameters and moments stay on the
 * device until they are asked for.
 *
 * <pre>{@code
 * RecordedProgram<Training> recorded =
 *     Training.record(objective, batch, new AdamW(1e-3f));
 * try (Training training = recorded.open(engine, initialParameters)) {
 *   for (int step = 1; step <= steps; step++) {
 *     training.step(values, new Counter(seed, step, 0), new OptimizerStep(new AdamW(1e-3f), step));
 *   }
 *   save(training.parameters());
 * }
 * }</pre>
 */
public final class Training implements AutoCloseable {
  /** Parameters that a trial updates: several chunks and a part of one. */
  private static final int TRIAL_FLOATS = 50_000;

  private final Recorded recorded;
  private final LoadedProgram loaded;

  /**
   * What is fixed for a training.
   *
   * @param optimizer of the class that all updates will use
   * @param trainable the parameters that are trained; frequencies of Fourier features never are
   * @param ema whether to keep an exponential moving average of the parameters
   * @param accumulate whether the gradients of several calls may go into one update
   * @param share of a training that shares its steps with others, see {@link SharedTraining}; null
   *     for a step that is one program
   */
  public record Options(
      Optimizer optimizer, Trainable trainable, boolean ema, boolean accumulate, Share share) {
    /** A training of its own. */
    public Options(Optimizer optimizer, Trainable trainable, boolean ema, boolean accumulate) {
      this(optimizer, trainable, ema, accumulate, null);
    }

    /** The part of the parameters that this training updates. */
    TreeSum.Range part(int floats) {
      return share == null ? new TreeSum.Range(0, floats) : share.part.apply(floats);
    }

    /** All parameters, without average and accumulation. */
    public Options(Optimizer optimizer) {
      this(optimizer, Trainable.ALL, false, false);
    }
  }

  /**
   * How a training shares its steps with others.
   *
   * @param part which of a number of trained floats it updates
   * @param pieces in how many its gradients can be had while the backward pass goes on
   */
  public record Share(IntFunction<TreeSum.Range> part, int pieces) {}

  /**
   * The input of a call.
   *
   * @param values of the objective's inputs, by name; for weights see {@link LossWeights}
   * @param counter of the random numbers; null where nothing is drawn
   * @param update that ends the step; null if the gradients of further calls are to be added first
   */
  public record StepInput(Map<String, float[]> values, Counter counter, OptimizerStep update) {}

  /**
   * The result of a call.
   *
   * @param losses of every image before the update and without weights, {@code [n]} each, by the
   *     names of the objective
   * @param gradNorm norm of all gradients, before clipping; 0 for a call without update
   */
  public record StepResult(SequencedMap<String, float[]> losses, float gradNorm) {
    /** The first loss of every image. */
    public float[] lossPerImage() {
      return losses.firstEntry().getValue();
    }

    /** The mean of the first loss over the batch. */
    public double loss() {
      double sum = 0;
      for (float image : lossPerImage()) {
        sum += image;
      }
      return sum / lossPerImage().length;
    }
  }

  /** What a loaded program keeps from its recording. */
  record Recorded(
      Graph graph,
      Objective.Losses losses,
      LossWeights weights,
      UpdateSteps update,
      Options options,
      Part step,
      Part accumulation,
      List<GradientPiece> pieces) {
    /** How many steps precede the change of the parameters, including the norm of the gradients. */
    int stepsBeforeUpdate() {
      return accumulation.to() + 1;
    }

    /** Writes the input of a call. */
    void write(LoadedProgram to, StepInput input) {
      to.writeInputs(weights.complete(input.values), input.counter);
      if (input.update != null) {
        to.write(update.block(), UpdateBlock.of(input.update));
      }
    }
  }

  private Training(LoadedProgram loaded, Recorded recorded) {
    this.loaded = loaded;
    this.recorded = recorded;
    if (recorded.update.ema() != null) {
      beginAverage();
    }
  }

  /** The average begins with the parameters. */
  final void beginAverage() {
    TreeSum.Range own = recorded.update.part();
    float[] values = new float[own.length()];
    loaded.read(recorded.update.parameters(), own.from(), values, 0, values.length);
    loaded.write(recorded.update.ema(), values);
  }

  /**
   * Records the training of all parameters, without average and accumulation.
   *
   * @throws IllegalArgumentException if the model cannot take such batches, or nothing is trained
   */
  public static RecordedProgram<Training> record(
      Objective objective, BatchShape batch, Optimizer optimizer) {
    return record(objective, batch, new Options(optimizer));
  }

  /**
   * Records the training of an objective.
   *
   * @throws IllegalArgumentException if the model cannot take such batches, or nothing is trained
   */
  public static RecordedProgram<Training> record(
      Objective objective, BatchShape batch, Options options) {
    return record(objective, batch, options, false);
  }

  /**
   * Records the training.
   *
   * @param trial whether this is for a trial, which updates only some parameters, because all of
   *     them may fill the memory
   */
  private static RecordedProgram<Training> record(
      Objective objective, BatchShape batch, Options options, boolean trial) {
    Trainable trainable = spec -> spec.kind() != Kind.FREQUENCIES && options.trainable.trains(spec);
    Graph graph = new Graph(objective.parameters(), trainable, Graph.Mode.TRAINING);
    Buffer parameters = graph.layout().trained();
    if (parameters.floats() == 0) {
      throw new IllegalArgumentException(
          "There is nothing to train: choose at least one of the parameters");
    }
    Objective.Losses losses = objective.record(graph, batch);
    LossWeights weights = new LossWeights(graph, losses);
    Steps steps = new Steps();
    graph.forward(steps);
    UpdateSteps update = UpdateSteps.of(parameters, options);
    new Gradients(graph.layout(), update.gradients(), options.accumulate)
        .backward(steps, graph.operations(), weights.gradients());
    final int backward = steps.size();
    UpdateSteps updated =
        trial ? UpdateSteps.of(Buffer.persistent("parameters", TRIAL_FLOATS), options) : update;
    updated.addTo(steps, options.optimizer);
    losses.perImage().values().forEach(steps::keep);
    List<Buffer> inputs = new ArrayList<>(graph.inputBuffers());
    inputs.add(update.block());
    List<Buffer> read =
        new ArrayList<>(losses.perImage().values().stream().map(Tensor::buffer).toList());
    Part accumulation = new Part("accumulate", 0, backward, inputs, List.copyOf(read));
    read.add(update.block());
    Part step = new Part("train step", 0, steps.size(), inputs, read);
    List<GradientPiece> pieces = List.of();
    List<Part> parts = options.accumulate ? List.of(step, accumulation) : List.of(step);
    if (options.share != null) {
      Buffer block = update.block();
      List<Buffer> given = List.of(block, update.gradients());
      step = new Part("update", backward, steps.size(), given, List.of(block, update.parameters()));
      pieces = GradientPiece.of(steps, accumulation, update.gradients(), options.share.pieces);
      parts = new ArrayList<>(pieces.stream().map(GradientPiece::program).toList());
      parts.add(step);
    }
    Recorded kept =
        new Recorded(graph, losses, weights, update, options, step, accumulation, pieces);
    return new RecordedProgram<>(
        batch,
        graph,
        steps,
        parts,
        () -> record(objective, batch.atMost(Trials.BATCH), options, true).trialsOfSteps(),
        loaded -> new Training(loaded, kept));
  }

  /**
   * Runs one step, see {@link StepInput}.
   *
   * @throws IllegalArgumentException in one line if something is missing, does not fit the model or
   *     contradicts the options
   */
  public StepResult step(Map<String, float[]> values, Counter counter, OptimizerStep update) {
    return step(new StepInput(values, counter, update));
  }

  /**
   * Runs one step, or a part of one.
   *
   * @throws IllegalArgumentException in one line if something is missing, does not fit the model or
   *     contradicts the options
   */
  public StepResult step(StepInput input) {
    Options options = recorded.options;
    if (options.share != null) {
      throw new IllegalStateException("The training shares its steps: SharedTraining makes them");
    }
    if (input.update == null && !options.accumulate) {
      throw new IllegalArgumentException(
          "The training was opened without accumulation: every call must update");
    }
    if (input.update != null
        && input.update.optimizer().getClass() != options.optimizer.getClass()) {
      throw new IllegalArgumentException(
          "The training was recorded for %s: update with that"
              .formatted(options.optimizer.getClass().getSimpleName()));
    }
    recorded.write(loaded, input);
    if (input.update == null) {
      loaded.run(recorded.accumulation);
      return new StepResult(losses(), 0);
    }
    loaded.run();
    return new StepResult(losses(), gradNorm());
  }

  private float gradNorm() {
    return UpdateBlock.gradNorm(loaded.read(recorded.update.block(), UpdateBlock.SIZE));
  }

  private SequencedMap<String, float[]> losses() {
    SequencedMap<String, float[]> losses = new LinkedHashMap<>();
    recorded
        .losses
        .perImage()
        .forEach((name, loss) -> losses.put(name, loaded.read(loss.buffer(), loss.c())));
    return losses;
  }

  /**
   * Computes gradients, which it adds up if the training accumulates; returns the losses.
   *
   * @param complete is told the number of every piece of the gradients that this call has completed
   */
  SequencedMap<String, float[]> differentiate(StepInput input, IntConsumer complete) {
    recorded.write(loaded, new StepInput(input.values, input.counter, null));
    for (int piece = 0; piece < recorded.pieces.size(); piece++) {
      loaded.run(recorded.pieces.get(piece).program());
      complete.accept(piece);
    }
    return losses();
  }

  /** The pieces in which gradients are completed. */
  List<GradientPiece> pieces() {
    return recorded.pieces;
  }

  /** Reads a piece of the gradients. */
  void readGradients(int piece, float[] to) {
    int at = 0;
    for (TreeSum.Range range : recorded.pieces.get(piece).ranges()) {
      loaded.read(recorded.update.gradients(), range.from(), to, at, range.length());
      at += range.length();
    }
  }

  /** Replaces a piece of the gradients. */
  void writeGradients(int piece, float[] values) {
    int at = 0;
    for (TreeSum.Range range : recorded.pieces.get(piece).ranges()) {
      loaded.write(recorded.update.gradients(), range.from(), values, at, range.length());
      at += range.length();
    }
  }

  /** Those that add up begin with zero. */
  void clearGradients() {
    if (recorded.options.accumulate) {
      Buffer gradients = recorded.update.gradients();
      loaded.write(gradients, new float[gradients.floats()]);
    }
  }

  /** Updates this training's part of the parameters; returns the norm of the gradients. */
  float update(OptimizerStep update) {
    loaded.write(recorded.update.block(), UpdateBlock.of(update));
    loaded.run(recorded.step);
    clearGradients();
    return gradNorm();
  }

  /** The buffer of the trained parameters, and how the program keeps what belongs to them. */
  UpdateSteps updateSteps() {
    return recorded.update;
  }

  /** Its options. */
  Options options() {
    return recorded.options;
  }

  /**
   * Says where the first NaN or infinity of the next step comes from: the operation and its tensor.
   * The step is computed on the processor, whatever the device, and changes nothing.
   *
   * @param inputs of all calls of the step
   */
  public String findNonFinite(List<StepInput> inputs) {
    return new NonFiniteSearch(loaded.recorded(), recorded).find(parameters(), inputs);
  }

  /** The parameters as they are now, in {@code state_dict} order, frozen ones among them. */
  public SequencedMap<String, HostTensor> parameters() {
    return loaded.readParameters();
  }

  /**
   * The averaged parameters as they are now; frozen ones as they are.
   *
   * @throws IllegalStateException if the training keeps no average
   */
  public SequencedMap<String, HostTensor> emaParameters() {
    if (recorded.update.ema() == null) {
      throw new IllegalStateException("The training keeps no average of the parameters");
    }
    SequencedMap<String, HostTensor> all = parameters();
    all.putAll(loaded.readTrained(recorded.update.ema()));
    return all;
  }

  /**
   * What the optimizer keeps for the trained parameters.
   *
   * @param name one of {@link Optimizer#state()}
   */
  public SequencedMap<String, HostTensor> optimizerState(String name) {
    return loaded.readTrained(state(name));
  }

  /** The gradients of the last step before clipping; zeros where the training accumulates. */
  public SequencedMap<String, HostTensor> gradients() {
    return loaded.readTrained(recorded.update.gradients());
  }

  /**
   * Continues an earlier training.
   *
   * @param optimizerStates by the names of {@link Optimizer#state()}
   * @param ema the averaged parameters; null without average
   * @throws IllegalArgumentException if something does not fit the model
   */
  public void setState(
      Map<String, HostTensor> parameters,
      Map<String, ? extends Map<String, HostTensor>> optimizerStates,
      Map<String, HostTensor> ema) {
    loaded.writeParameters(parameters);
    optimizerStates.forEach((name, values) -> loaded.writeTrained(state(name), values));
    if ((ema != null) != (recorded.update.ema() != null)) {
      throw new IllegalArgumentException(
          "The earlier training and this one disagree on EMA: use the same setting");
    }
    if (ema != null) {
      Map<String, HostTensor> trained = new LinkedHashMap<>(ema);
      recorded.graph.layout().all().stream()
          .filter(parameter -> !recorded.graph.layout().trains(parameter))
          .forEach(parameter -> trained.remove(parameter.name()));
      loaded.writeTrained(recorded.update.ema(), trained);
    }
  }

  /** Writes the part that this training updates of values for all trained parameters. */
  void writeOwn(Buffer to, float[] all) {
    TreeSum.Range own = recorded.update.part();
    loaded.write(to, 0, all, own.from(), own.length());
  }

  /** Reads what {@link #writeOwn} wrote, to the same places. */
  void readOwn(Buffer from, float[] all) {
    TreeSum.Range own = recorded.update.part();
    loaded.read(from, 0, all, own.from(), own.length());
  }

  Buffer state(String name) {
    int index = recorded.options.optimizer.state().indexOf(name);
    if (index < 0) {
      throw new IllegalArgumentException(
          "The optimizer keeps %s, not %s".formatted(recorded.options.optimizer.state(), name));
    }
    return recorded.update.states().get(index);
  }

  /** The program on the device, for profiles. */
  public LoadedProgram loaded() {
    return loaded;
  }

  @Override
  public void close() {
    loaded.close();
  }
}
