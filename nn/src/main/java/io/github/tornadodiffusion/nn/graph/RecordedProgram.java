package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A graph with the steps of its programs and the plan of its memory: how much it needs is known,
 * and it can be opened on engines any number of times.
 *
 * @param <P> what it becomes on an engine: something that predicts, differentiates or trains
 */
public final class RecordedProgram<P> {
  private final BatchShape batch;
  private final Graph graph;
  private final Steps steps;
  private final List<Part> parts;
  private final MemoryPlan plan;
  private final Supplier<List<Trial>> trials;
  private final Function<LoadedProgram, P> opener;

  /**
   * Steps that run together, as one program.
   *
   * @param name what they do, for messages
   * @param from the first step
   * @param to the step after the last one
   * @param inputs that the host writes before each run
   * @param outputs that the host reads after each run
   */
  public record Part(String name, int from, int to, List<Buffer> inputs, List<Buffer> outputs) {}

  /**
   * Plans the memory of a recording.
   *
   * @param parts the programs on the arena, the main one first
   * @param trials makes the calls that a device must compute correctly for it, see {@link
   *     Engine#prove}; called only by engines that need a proof
   * @param opener makes the result of {@link #open}
   * @throws IllegalArgumentException if no arena is large enough
   */
  public RecordedProgram(
      BatchShape batch,
      Graph graph,
      Steps steps,
      List<Part> parts,
      Supplier<List<Trial>> trials,
      Function<LoadedProgram, P> opener) {
    this.batch = batch;
    this.graph = graph;
    this.steps = steps;
    this.parts = List.copyOf(parts);
    this.trials = trials;
    this.opener = opener;
    // Inputs have places even if only unused steps read them.
    List<Buffer> first = new ArrayList<>(graph.layout().buffers());
    first.addAll(graph.inputBuffers());
    parts.forEach(
        part -> first.addAll(part.outputs.stream().filter(Buffer::isPersistent).toList()));
    plan = new MemoryPlan(steps.list(), first);
  }

  /** The shape of the batches that it was recorded for. */
  public BatchShape batch() {
    return batch;
  }

  /** Where everything lies. */
  MemoryPlan plan() {
    return plan;
  }

  /** Floats of device memory that it needs. */
  public int floats() {
    return plan.floats();
  }

  /** The graph that it was recorded from. */
  public Graph graph() {
    return graph;
  }

  /** Its steps in order. */
  public List<Step> steps() {
    return steps.list();
  }

  /** The calls that a device must compute correctly for it. */
  public List<Trial> trials() {
    return trials.get();
  }

  /** Trials of all steps. */
  public List<Trial> trialsOfSteps() {
    return trialsOf(steps.list());
  }

  /** Trials of steps on this program's constants. */
  public List<Trial> trialsOf(List<Step> some) {
    return Trials.of(some, graph.trialContent());
  }

  /** The calls of the steps {@code from .. to - 1}, for callers that load them themselves. */
  public Program program(int from, int to) {
    return plan.program("steps", from, to, List.of(), List.of());
  }

  /**
   * Opens it on an engine and copies the parameters there.
   *
   * @param parameters by name, with PyTorch's shapes
   * @throws IllegalArgumentException if there is too little memory, or the parameters are not those
   *     of the model
   */
  public P open(Engine engine, Map<String, HostTensor> parameters) {
    engine.checkRoom(plan.floats());
    engine.prove(trials);
    SequencedMap<Part, Program> programs = new LinkedHashMap<>();
    parts.forEach(part ->
        programs.put(part, plan.program(part.name, part.from, part.to, part.inputs, part.outputs)));
    return load(engine, programs, parameters, opener);
  }

  /**
   * Loads programs of its steps other than its own.
   *
   * @param programs see {@link #program}
   */
  public LoadedProgram load(
      Engine engine, List<Program> programs, Map<String, HostTensor> parameters) {
    SequencedMap<Part, Program> byPart = new LinkedHashMap<>();
    programs.forEach(
        p -> byPart.put(new Part(p.name(), byPart.size(), 0, List.of(), List.of()), p));
    return load(engine, byPart, parameters, loaded -> loaded);
  }

  private <Q> Q load(
      Engine engine,
      SequencedMap<Part, Program> programs,
      Map<String, HostTensor> parameters,
      Function<LoadedProgram, Q> taker) {
    LoadedProgram loaded = new LoadedProgram(engine, this, plan, programs);
    try {
      loaded.writeParameters(parameters);
      return taker.apply(loaded);
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }
}
