package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** A recorded program on an engine, with access to its arena. */
public final class LoadedProgram implements AutoCloseable {
  private final RecordedProgram<?> recorded;
  private final Graph graph;
  private final MemoryPlan plan;
  private final SequencedMap<RecordedProgram.Part, Program> programs;
  private final Engine.Session session;

  LoadedProgram(
      Engine engine,
      RecordedProgram<?> recorded,
      MemoryPlan plan,
      SequencedMap<RecordedProgram.Part, Program> programs) {
    this.recorded = recorded;
    graph = recorded.graph();
    this.plan = plan;
    this.programs = programs;
    session = engine.open(plan.floats(), List.copyOf(programs.values()));
    graph
        .constants()
        .forEach((buffer, values) -> {
          if (plan.places(buffer)) {
            write(buffer, values);
          }
        });
  }

  /** The recorded program that was opened. */
  public RecordedProgram<?> recorded() {
    return recorded;
  }

  /** The main program. */
  public Program program() {
    return programs.firstEntry().getValue();
  }

  /** The session that runs {@link #program}, for profiles. */
  public Engine.Session session() {
    return session;
  }

  /** Floats of device memory that it takes. */
  public int arenaFloats() {
    return plan.floats();
  }

  /** Runs the main program. */
  public void run() {
    session.run(program());
  }

  /** Runs one of the programs. */
  public void run(RecordedProgram.Part part) {
    session.run(programs.get(part));
  }

  /** Runs one of the programs that {@link RecordedProgram#load} was given. */
  public void run(Program program) {
    session.run(program);
  }

  /**
   * Checks the inputs and writes them.
   *
   * @param values by name; values that no input reads are refused
   * @param counter of the random numbers; null for a program that draws none
   * @throws IllegalArgumentException in one line if something is missing, surplus or does not fit
   */
  public void writeInputs(Map<String, float[]> values, Counter counter) {
    SequencedMap<Input, Tensor> inputs = graph.placedInputs();
    for (String name : values.keySet()) {
      if (inputs.keySet().stream().noneMatch(input -> input.source().equals(name))) {
        throw new IllegalArgumentException(
            "The program has no input %s: give %s"
                .formatted(
                    name,
                    inputs.keySet().stream()
                        .map(Input::source)
                        .distinct()
                        .collect(Collectors.joining(", "))));
      }
    }
    inputs.forEach((input, tensor) -> write(tensor.buffer(), input.pack(values)));
    for (Graph.Random random : graph.randoms()) {
      if (counter == null) {
        throw new IllegalArgumentException("The program draws random numbers: give a counter");
      }
      write(random.buffer(), random.block(counter));
    }
  }

  /** Writes to a buffer from its start. */
  public void write(Buffer buffer, float[] values) {
    write(buffer, 0, values, 0, values.length);
  }

  /** Reads the first floats of a buffer. */
  public float[] read(Buffer buffer, int length) {
    float[] values = new float[length];
    read(buffer, 0, values, 0, length);
    return values;
  }

  /** Reads some floats of a buffer into an array. */
  public void read(Buffer buffer, int start, float[] target, int from, int length) {
    session.read(plan.offset(buffer) + start, target, from, length);
  }

  /** Writes some floats of an array to a buffer. */
  public void write(Buffer buffer, int start, float[] source, int from, int length) {
    session.write(plan.offset(buffer) + start, source, from, length);
  }

  /** Reads a tensor. */
  public float[] read(Tensor tensor, Order order) {
    return order.unpack(tensor.shape(), read(tensor.buffer(), tensor.shape().size()));
  }

  /** Writes a tensor, border and padding included. */
  public void write(Tensor tensor, String what, float[] values, Order order) {
    HostLength.check(what, values.length, tensor.shape().pixels() * tensor.c());
    write(tensor.buffer(), order.pack(tensor.shape(), values));
  }

  /**
   * Replaces all parameters.
   *
   * @throws IllegalArgumentException naming the first parameter that is missing, surplus or of
   *     another shape
   */
  public void writeParameters(Map<String, HostTensor> values) {
    check(graph.layout().all(), values);
    graph.layout().all().forEach(p -> write(graph.at(p), p, values));
  }

  /** All parameters. */
  public SequencedMap<String, HostTensor> readParameters() {
    SequencedMap<String, HostTensor> values = new LinkedHashMap<>();
    graph.layout().all().forEach(p -> values.put(p.name(), read(graph.at(p), p)));
    return values;
  }

  /**
   * Writes values that belong to the trained parameters, such as moments.
   *
   * @param to laid out like the trained parameters
   * @param values of those parameters alone
   * @throws IllegalArgumentException as {@link #writeParameters} does
   */
  public void writeTrained(Buffer to, Map<String, HostTensor> values) {
    List<Parameter> trained = graph.layout().allTrained();
    check(trained, values);
    trained.forEach(p -> write(graph.layout().in(to, p), p, values));
  }

  /** The names of the trained parameters. */
  public List<String> trainedNames() {
    return graph.layout().allTrained().stream().map(Parameter::name).toList();
  }

  /**
   * Values that belong to the trained parameters, contiguous as on the device.
   *
   * @throws IllegalArgumentException as {@link #writeParameters} does
   */
  public float[] packTrained(Map<String, HostTensor> values) {
    List<Parameter> trained = graph.layout().allTrained();
    check(trained, values);
    float[] all = new float[graph.layout().trained().floats()];
    for (Parameter parameter : trained) {
      float[] packed = parameter.pack(values.get(parameter.name()).values());
      System.arraycopy(packed, 0, all, graph.layout().at(parameter).start(), packed.length);
    }
    return all;
  }

  /** The reverse of {@link #packTrained}. */
  public SequencedMap<String, HostTensor> unpackTrained(float[] all) {
    SequencedMap<String, HostTensor> values = new LinkedHashMap<>();
    for (Parameter parameter : graph.layout().allTrained()) {
      int start = graph.layout().at(parameter).start();
      float[] packed = Arrays.copyOfRange(all, start, start + parameter.floats());
      values.put(parameter.name(), parameter.unpack(packed));
    }
    return values;
  }

  /** Reads values that belong to the trained parameters, such as gradients. */
  public SequencedMap<String, HostTensor> readTrained(Buffer from) {
    SequencedMap<String, HostTensor> values = new LinkedHashMap<>();
    graph
        .layout()
        .allTrained()
        .forEach(p -> values.put(p.name(), read(graph.layout().in(from, p), p)));
    return values;
  }

  private void write(Stored to, Parameter parameter, Map<String, HostTensor> values) {
    float[] packed = parameter.pack(values.get(parameter.name()).values());
    session.write(plan.offset(to.buffer()) + to.start(), packed, 0, packed.length);
  }

  private HostTensor read(Stored from, Parameter parameter) {
    float[] packed = new float[parameter.floats()];
    session.read(plan.offset(from.buffer()) + from.start(), packed, 0, packed.length);
    return parameter.unpack(packed);
  }

  private static void check(List<Parameter> parameters, Map<String, HostTensor> values) {
    for (Parameter parameter : parameters) {
      HostTensor value = values.get(parameter.name());
      int[] shape = parameter.spec().shape();
      if (value == null) {
        throw new IllegalArgumentException(
            "The parameter %s is missing: the weights do not belong to this configuration"
                .formatted(parameter.name()));
      }
      if (!Arrays.equals(value.shape(), shape)) {
        throw new IllegalArgumentException(
            "The parameter %s has shape %s where the model has %s: the weights do not belong to this"
                    .formatted(
                        parameter.name(), Arrays.toString(value.shape()), Arrays.toString(shape))
                + " configuration");
      }
    }
    if (values.size() != parameters.size()) {
      List<String> known = parameters.stream().map(Parameter::name).toList();
      String surplus = values.keySet().stream().filter(k -> !known.contains(k)).findFirst().get();
      throw new IllegalArgumentException(
          "The parameter %s is not part of the model: the weights do not belong to this configuration"
              .formatted(surplus));
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
