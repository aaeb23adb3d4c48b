package io.github.tornadodiffusion.nn.graph;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where the parameters of a program lie. Trained ones are contiguous in a buffer of their own, in
 * the order in which they were declared. Gradients, moments and averages are laid out like that
 * buffer, so that one launch updates them all. Frozen ones lie in a second buffer.
 */
public final class ParameterLayout {
  private final Parameters parameters;
  private final Map<Parameter, Integer> starts = new LinkedHashMap<>();
  private final Buffer trained;
  private final Buffer frozen;

  /**
   * Places parameters.
   *
   * @throws IllegalArgumentException if all of them together are more than an arena holds
   */
  ParameterLayout(Parameters parameters, Trainable trainable) {
    this.parameters = parameters;
    int trainedEnd = 0;
    int frozenEnd = 0;
    for (Parameter parameter : parameters.all()) {
      try {
        Math.addExact(Math.addExact(trainedEnd, frozenEnd), parameter.floats());
      } catch (ArithmeticException e) {
        throw Parameters.tooMany(parameter.name(), e);
      }
      if (trainable.trains(parameter.spec())) {
        starts.put(parameter, trainedEnd);
        trainedEnd += parameter.floats();
      } else {
        // Frozen ones count from -1 downwards.
        starts.put(parameter, -1 - frozenEnd);
        frozenEnd += parameter.floats();
      }
    }
    trained = Buffer.persistent("parameters", trainedEnd);
    frozen = Buffer.persistent("frozen parameters", frozenEnd);
  }

  /** All parameters, in the order in which they were declared. */
  public List<Parameter> all() {
    return parameters.all();
  }

  /** The trained parameters, in the same order. */
  public List<Parameter> allTrained() {
    return all().stream().filter(this::trains).toList();
  }

  /** The buffer of the trained parameters. */
  public Buffer trained() {
    return trained;
  }

  /** The buffers that hold parameters. */
  public List<Buffer> buffers() {
    return Stream.of(trained, frozen).filter(buffer -> buffer.floats() > 0).toList();
  }

  /** A buffer that is laid out like that of the trained parameters. */
  public Buffer like(String name) {
    return Buffer.persistent(name, trained.floats());
  }

  /** Whether a parameter is trained. */
  public boolean trains(Parameter parameter) {
    return start(parameter) >= 0;
  }

  /** Where a parameter lies. */
  public Stored at(Parameter parameter) {
    int start = start(parameter);
    return start >= 0
        ? new Stored.Slice(trained, start, parameter.floats())
        : new Stored.Slice(frozen, -1 - start, parameter.floats());
  }

  /**
   * Where the values of a trained parameter lie in another buffer, such as the gradients.
   *
   * @param like laid out like the trained parameters
   */
  public Stored in(Buffer like, Parameter parameter) {
    return new Stored.Slice(like, start(parameter), parameter.floats());
  }

  private int start(Parameter parameter) {
    Integer start = starts.get(parameter);
    if (start == null) {
      throw new IllegalArgumentException(
          "The graph was not made for the parameter %s: declare it in the model's scope first"
              .formatted(parameter.name()));
    }
    return start;
  }
}
