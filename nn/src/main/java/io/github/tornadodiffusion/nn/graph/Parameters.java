package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * The parameters of a model in the order in which its modules declare them, which is PyTorch's
 * {@code state_dict} order.
 */
public final class Parameters {
  private final List<Parameter> all = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private long floats;

  /** None yet. */
  public Parameters() {}

  /** Those of several models, whose names differ, to which more can be declared. */
  public Parameters(Parameters... models) {
    for (Parameters model : models) {
      model.all.forEach(p -> add(p.name(), p.spec().kind(), p.spec().fanIn(), p.spec().shape()));
    }
  }

  /**
   * Declares a parameter.
   *
   * @throws IllegalArgumentException if it alone is more than an arena holds
   */
  Parameter add(String name, Kind kind, int fanIn, int... shape) {
    if (!names.add(name)) {
      throw new IllegalStateException("The parameter " + name + " is declared twice");
    }
    Parameter parameter = new Parameter(new ParameterSpec(name, shape, kind, fanIn));
    try {
      // Elements first, because their number is exact whatever the shape.
      parameter.spec().size();
      floats += parameter.floats();
    } catch (ArithmeticException e) {
      throw tooMany(name, e);
    }
    all.add(parameter);
    return parameter;
  }

  /** The exception for parameters that no arena holds, the last of which has the given name. */
  static IllegalArgumentException tooMany(String name, ArithmeticException cause) {
    return new IllegalArgumentException(
        "the parameters up to %s are more than the %d that are possible; use fewer layers or channels"
            .formatted(name, Integer.MAX_VALUE),
        cause);
  }

  /** All of them in order. */
  public List<Parameter> all() {
    return all;
  }

  /** The declarations of all of them. */
  public List<ParameterSpec> specs() {
    return all.stream().map(Parameter::spec).toList();
  }

  /**
   * Those of a larger set of values that belong to these parameters, for instance to a half of a
   * model.
   *
   * @throws IllegalArgumentException naming the first parameter that is missing
   */
  public SequencedMap<String, HostTensor> of(Map<String, HostTensor> values) {
    SequencedMap<String, HostTensor> own = new LinkedHashMap<>();
    for (Parameter parameter : all) {
      HostTensor value = values.get(parameter.name());
      if (value == null) {
        throw new IllegalArgumentException(
            "The parameter %s is missing: the weights do not belong to this configuration"
                .formatted(parameter.name()));
      }
      own.put(parameter.name(), value);
    }
    return own;
  }

  /** The number of elements of all of them. */
  public long count() {
    return all.stream().mapToLong(parameter -> parameter.spec().size()).sum();
  }

  /** Floats of all parameters in the arena, padding included. */
  public long floats() {
    return floats;
  }
}
