package io.github.tornadodiffusion.nn.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A record of operations on tensors of one batch shape, and of what they read: inputs, parameters,
 * constants and random numbers. It does not know the operations themselves: each has a static
 * method that records it.
 */
public final class Graph {
  private final List<Operation> operations = new ArrayList<>();
  private final Map<Buffer, float[]> constants = new LinkedHashMap<>();
  private final Map<Buffer, float[]> trialContent = new HashMap<>();
  private final Map<List<Float>, Buffer> constantOf = new HashMap<>();
  private final Map<Object, Tensor> recordedOnce = new HashMap<>();
  private final Map<Parameter, List<Adapter>> adapters = new HashMap<>();
  private final SequencedMap<Input, Tensor> inputs = new LinkedHashMap<>();
  private final Set<String> differentiated = new HashSet<>();
  private final List<Random> randoms = new ArrayList<>();
  private final ParameterLayout layout;
  private final Mode mode;

  /** What a program does with a model. */
  public enum Mode {
    /** It predicts, and may differentiate what it predicts. */
    EVALUATION,
    /** It trains: dropout drops. */
    TRAINING
  }

  /** A seed block in the arena, see {@link Counter}. */
  record Random(Buffer buffer, int stream, int perImage) {
    float[] block(Counter counter) {
      return counter.block(stream, perImage);
    }
  }

  /**
   * An empty graph.
   *
   * @param parameters all that will be used; none can be declared afterwards
   * @param trainable those that the program differentiates by
   */
  public Graph(Parameters parameters, Trainable trainable, Mode mode) {
    layout = new ParameterLayout(parameters, trainable);
    this.mode = mode;
  }

  /** Where the parameters lie. */
  public ParameterLayout layout() {
    return layout;
  }

  /** Whether the program trains: whether dropout drops. */
  public boolean training() {
    return mode == Mode.TRAINING;
  }

  /** The operations in the order in which they were recorded. */
  public List<Operation> operations() {
    return Collections.unmodifiableList(operations);
  }

  /** Adds an operation. */
  public Tensor record(Operation operation) {
    operations.add(operation);
    return operation.out();
  }

  /**
   * What was recorded for an equal key before; if nothing was, it is recorded now.
   *
   * @param key everything that determines the value, including the tensors that it is computed from
   */
  public Tensor once(Object key, Supplier<Tensor> recording) {
    Tensor known = recordedOnce.get(key);
    if (known == null) {
      known = recording.get();
      recordedOnce.put(key, known);
    }
    return known;
  }

  /** Changes the outputs of all layers with that weight that are recorded from now on. */
  public void adapt(Parameter weight, Adapter adapter) {
    adapters.computeIfAbsent(weight, w -> new ArrayList<>()).add(adapter);
  }

  /** The output of a layer as its adapters leave it, in the order in which they were added. */
  public Tensor adapted(Parameter weight, Tensor x, Tensor out) {
    Tensor adapted = out;
    for (Adapter adapter : adapters.getOrDefault(weight, List.of())) {
      adapted = adapter.record(this, x, adapted);
    }
    return adapted;
  }

  /** Adds the forward pass. */
  public void forward(Steps steps) {
    operations.forEach(operation -> operation.forward(steps));
  }

  /** Where a parameter lies; null for null. */
  public Stored at(Parameter parameter) {
    return parameter == null ? null : layout.at(parameter);
  }

  /** Whether one of several parameters is trained; nulls are ignored. */
  public boolean trains(Parameter... parameters) {
    return Arrays.stream(parameters).anyMatch(p -> p != null && layout.trains(p));
  }

  /** Names inputs, not declared yet, that the program differentiates by. */
  public void differentiateBy(Set<String> names) {
    differentiated.addAll(names);
  }

  /** An input of the program. */
  public Tensor input(Input input) {
    boolean needsGradient = differentiated.contains(input.name());
    Tensor tensor = Tensor.persistent(input.name(), input.shape(), needsGradient);
    inputs.put(input, tensor);
    return tensor;
  }

  /** Several inputs, by name. */
  public Map<String, Tensor> inputs(List<Input> all) {
    return inputs(all, Map.of());
  }

  /**
   * Several inputs, by name.
   *
   * @param known those that the program computes itself
   */
  public Map<String, Tensor> inputs(List<Input> all, Map<String, Tensor> known) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(known);
    all.forEach(input -> {
      if (!known.containsKey(input.name())) {
        tensors.put(input.name(), input(input));
      }
    });
    return tensors;
  }

  /**
   * The seed block of random numbers, which the host fills before every run; see {@link
   * io.github.tornadodiffusion.kernels.ops.noise.Noise#seedBlock}.
   *
   * @param stream distinguishes uses whose numbers must be independent
   * @param perImage random numbers that an image takes
   */
  public Buffer random(int stream, int perImage) {
    Buffer buffer = Buffer.persistent("seed", 16);
    randoms.add(new Random(buffer, stream, perImage));
    return buffer;
  }

  /** Numbers that kernels read. */
  public Buffer constant(float... values) {
    List<Float> key = new ArrayList<>();
    for (float value : values) {
      key.add(value);
    }
    return constantOf.computeIfAbsent(
        key,
        k -> {
          Buffer buffer = Buffer.persistent("constant", values.length);
          constants.put(buffer, Arrays.copyOf(values, buffer.floats()));
          return buffer;
        });
  }

  /** Sets the content of a buffer in {@link Trials}, where random numbers would make no sense. */
  public void forTrials(Buffer buffer, float[] content) {
    trialContent.put(buffer, content);
  }

  /** What the arena of a trial holds besides random numbers. */
  Map<Buffer, float[]> trialContent() {
    Map<Buffer, float[]> all = new HashMap<>(constants);
    all.putAll(trialContent);
    return all;
  }

  /** Buffers that the host must fill once, with their content. */
  Map<Buffer, float[]> constants() {
    return Collections.unmodifiableMap(constants);
  }

  /** All inputs so far and where they lie. */
  public SequencedMap<Input, Tensor> placedInputs() {
    return Collections.unmodifiableSequencedMap(inputs);
  }

  /** Every buffer that the host writes before a run. */
  public List<Buffer> inputBuffers() {
    List<Buffer> buffers = new ArrayList<>();
    inputs.values().forEach(tensor -> buffers.add(tensor.buffer()));
    randoms.forEach(random -> buffers.add(random.buffer));
    return buffers;
  }

  List<Random> randoms() {
    return randoms;
  }
}
