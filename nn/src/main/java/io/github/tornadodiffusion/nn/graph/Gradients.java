package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reverse-mode differentiation: the gradients of a loss with respect to the values and parameters
 * of a graph. Who first contributes to a gradient overwrites it, whoever follows adds to it.
 */
public final class Gradients {
  private final Buffer buffer;
  private final Map<Tensor, Tensor> ofTensors = new HashMap<>();
  private final Set<Parameter> written = new HashSet<>();
  private final boolean accumulate;

  /**
   * Where a contribution goes.
   *
   * @param accumulate whether to add to the gradient or to overwrite it
   */
  public record Target(Tensor gradient, boolean accumulate) {}

  /** Where a contribution to a parameter's gradient goes. */
  public record ParameterTarget(Stored gradient, boolean accumulate) {}

  /**
   * @param buffer of the length and layout of the parameters
   */
  public Gradients(Buffer buffer) {
    this(buffer, false);
  }

  /**
   * @param buffer of the length and layout of the parameters
   * @param accumulate whether the parameters' gradients add to what is there
   */
  public Gradients(Buffer buffer, boolean accumulate) {
    this.buffer = buffer;
    this.accumulate = accumulate;
  }

  /**
   * Adds the backward pass of {@code operations} to the schedule.
   *
   * @param output the value whose gradient is known
   * @param gradOutput that gradient, without border; its content is destroyed
   */
  public void backward(
      Schedule schedule, List<Operation> operations, Tensor output, Tensor gradOutput) {
    ofTensors.put(output, gradOutput);
    for (Operation operation : operations.reversed()) {
      Tensor gradOut = ofTensors.remove(operation.out());
      if (gradOut != null) {
        operation.backward(schedule, gradOut, this);
      }
    }
  }

  /** The gradient of an input of the graph, which is persistent; null if nothing contributed. */
  public Tensor ofInput(Tensor input) {
    return ofTensors.get(input);
  }

  /** Where to write the gradient of x, which must need one. */
  public Target target(Tensor x) {
    Tensor gradient = ofTensors.get(x);
    if (gradient != null) {
      return new Target(gradient, true);
    }
    String name = "gradient of " + x.buffer();
    gradient =
        x.buffer().isPersistent()
            ? Tensor.persistent(name, x.plainShape(), false)
            : Tensor.of(name, x.plainShape(), false);
    ofTensors.put(x, gradient);
    return new Target(gradient, false);
  }

  /** Where to write the gradient of x, whose only consumer is the caller. */
  public Tensor only(Tensor x) {
    Target target = target(x);
    if (target.accumulate()) {
      throw new IllegalStateException(x + " has several consumers");
    }
    return target.gradient();
  }

  /** Adds {@code gradOut} to the gradient of x; if it is the first, the memory changes hands. */
  public void pass(Schedule schedule, String label, Tensor gradOut, Tensor x) {
    if (!x.needsGradient()) {
      return;
    }
    if (ofTensors.containsKey(x) || x.buffer().isPersistent()) {
      copy(schedule, label, gradOut, x);
    } else {
      ofTensors.put(x, gradOut);
    }
  }

  /** Adds {@code gradOut} to the gradient of x and leaves it as it is. */
  public void copy(Schedule schedule, String label, Tensor gradOut, Tensor x) {
    if (!x.needsGradient()) {
      return;
    }
    Target to = target(x);
    schedule.add(
        label,
        at -> Elementwise.copy(at.block(gradOut), at.block(to.gradient()), to.accumulate()),
        gradOut,
        to.gradient());
  }

  /** Where to write the gradient of a parameter. */
  public ParameterTarget target(Parameter parameter) {
    return new ParameterTarget(
        new Stored.Slice(buffer, parameter.start(), parameter.floats()),
        !written.add(parameter) || accumulate);
  }
}
