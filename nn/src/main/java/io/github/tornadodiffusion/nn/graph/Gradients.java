package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reverse-mode differentiation: the gradients of a loss with respect to the values and parameters
 * of a graph. The first contribution to a gradient overwrites it, later ones add to it.
 */
public final class Gradients {
  private final ParameterLayout layout;
  private final Buffer buffer;
  private final boolean accumulate;
  private final Map<Tensor, Tensor> ofTensors = new HashMap<>();
  private final Set<Parameter> written = new HashSet<>();
  private final Map<Parameter, SumOfRows> sums = new LinkedHashMap<>();

  /** A parameter's gradient that is to be the sum of rows. */
  private record SumOfRows(Tensor rows, ParameterTarget to) {
    Reduce.RowSum at(Step.Offsets at, int length) {
      return new Reduce.RowSum(at.of(rows), rows.n(), length, at.of(to.gradient), to.accumulate);
    }
  }

  /**
   * Where a contribution goes.
   *
   * @param accumulate whether to add to the gradient or to overwrite it
   */
  public record Target(Tensor gradient, boolean accumulate) {}

  /** Where a contribution to a parameter's gradient goes. */
  public record ParameterTarget(Stored gradient, boolean accumulate) {}

  /**
   * Gradients of the trained parameters.
   *
   * @param buffer for them, see {@link ParameterLayout#like}
   * @param accumulate whether they are added to what is there
   */
  public Gradients(ParameterLayout layout, Buffer buffer, boolean accumulate) {
    this.layout = layout;
    this.buffer = buffer;
    this.accumulate = accumulate;
  }

  /**
   * Adds the backward pass of {@code operations}. A value that depends on no trained parameter and
   * on no input that needs a gradient has no gradient, and the operations that lead to it add
   * nothing.
   *
   * @param known the values whose gradients are known, and these gradients. They have no border,
   *     and their content is destroyed unless it is persistent
   */
  public void backward(Steps steps, List<Operation> operations, Map<Tensor, Tensor> known) {
    known.forEach((value, gradient) -> {
      if (value.needsGradient()) {
        ofTensors.put(value, gradient);
      }
    });
    for (Operation operation : operations.reversed()) {
      if (operation.outputs().stream().anyMatch(ofTensors::containsKey)) {
        operation.backward(steps, take(operation.out()), this);
      }
    }
    addSums(steps);
  }

  /**
   * The complete gradient of an operation's output, which can be taken once; null if nothing
   * contributed.
   */
  public Tensor take(Tensor output) {
    return ofTensors.remove(output);
  }

  /** The gradient of an input of the graph, which is persistent; null if nothing contributed. */
  public Tensor ofInput(Tensor input) {
    return ofTensors.get(input);
  }

  /** Where to write the gradient of x, which must need one, with a kernel that can also add. */
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

  /**
   * A tensor for the contribution of a kernel that can only overwrite: pass it to {@link #add}
   * afterwards. It is the gradient of x itself if nothing contributed to that before. A value that
   * needs no gradient gets one, too, for kernels that write several at once.
   */
  public Tensor contribution(Tensor x) {
    return x.needsGradient() && !ofTensors.containsKey(x)
        ? target(x).gradient()
        : Tensor.of("contribution to the gradient of " + x.buffer(), x.plainShape(), false);
  }

  /** Adds a contribution to the gradient of x, unless it already is that. */
  public void add(Steps steps, String label, Tensor contribution, Tensor x) {
    if (ofTensors.get(x) != contribution) {
      copy(steps, label, contribution, x);
    }
  }

  /**
   * Adds {@code gradOut} to the gradient of x; if it is the first contribution, it becomes the
   * gradient without a copy.
   */
  public void pass(Steps steps, String label, Tensor gradOut, Tensor x) {
    if (!x.needsGradient()) {
      return;
    }
    boolean given = x.buffer().isPersistent() || gradOut.buffer().isPersistent();
    if (ofTensors.containsKey(x) || given) {
      copy(steps, label, gradOut, x);
    } else {
      ofTensors.put(x, gradOut);
    }
  }

  /** Adds {@code gradOut} to the gradient of x and leaves it as it is. */
  public void copy(Steps steps, String label, Tensor gradOut, Tensor x) {
    if (!x.needsGradient()) {
      return;
    }
    Target to = target(x);
    steps.add(
        label, at -> Elementwise.copy(at.block(gradOut), at.block(to.gradient()), to.accumulate()));
  }

  /**
   * Adds the sum of rows to the gradient of a parameter, in the one launch that ends the backward
   * pass.
   *
   * @param rows {@code [n, 1, 1, c]}, which no later step may change
   */
  public void addSum(Steps steps, Tensor rows, Parameter parameter) {
    if (sums.containsKey(parameter)) {
      addSums(steps);
    }
    sums.put(parameter, new SumOfRows(rows, target(parameter)));
  }

  private void addSums(Steps steps) {
    if (!sums.isEmpty()) {
      Map<Parameter, SumOfRows> all = new LinkedHashMap<>(sums);
      steps.add(
          "sums over images",
          at ->
              Reduce.sumRows(
                  all.entrySet().stream()
                      .map(sum -> sum.getValue().at(at, sum.getKey().floats()))
                      .toList()));
      sums.clear();
    }
  }

  /** Whether a parameter has a gradient. */
  public boolean trains(Parameter parameter) {
    return parameter != null && layout.trains(parameter);
  }

  /** Where to write the gradient of a parameter; that of a frozen one is discarded. */
  public ParameterTarget target(Parameter parameter) {
    return layout.trains(parameter)
        ? new ParameterTarget(layout.in(buffer, parameter), !written.add(parameter) || accumulate)
        : new ParameterTarget(
            Buffer.temporary("gradient of " + parameter.name(), parameter.floats()), false);
  }
}
