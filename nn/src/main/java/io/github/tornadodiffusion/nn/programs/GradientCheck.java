package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Order;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * A piece of a graph, such as an operation or a layer, on a device: forward, backward, and the
 * check that the backward pass is the derivative of the forward pass, by central differences along
 * random directions.
 *
 * <pre>{@code
 * Scope scope = Scope.root();
 * MyLayer layer = new MyLayer(scope, 5);
 * try (GradientCheck check =
 *     GradientCheck.record(
 *             scope.parameters(),
 *             List.of(Input.images("x", 2, 5, 3, 7, Padding.NONE)),
 *             (graph, in) -> layer.apply(graph, in.get("x")))
 *         .open(engine, GradientCheck.randomParameters(scope.parameters(), 1))) {
 *   assertTrue(check.error(7, Map.of(), false) < 2e-3);
 * }
 * }</pre>
 */
public final class GradientCheck implements AutoCloseable {
  private static final int DIRECTIONS = 3;

  /**
   * Step along a direction whose elements are about 1: small enough for the curvature, large enough
   * for rounding.
   */
  private static final float STEP = 0.002f;

  /** Along one element, whose share in the output is less. */
  private static final float ELEMENT_STEP = 0.02f;

  private static final String INPUT = "input ";
  private static final String PARAMETER = "parameter ";

  private static final Counter COUNTER = new Counter(5, 3, 2);

  private final LoadedProgram loaded;
  private final Recorded recorded;

  /** Records the piece. */
  @FunctionalInterface
  public interface Piece {
    /** With its inputs by name. */
    Tensor apply(Graph graph, Map<String, Tensor> inputs);
  }

  /** The results, in the orders of the host. */
  public record Result(
      float[] output, Map<String, float[]> gradInputs, Map<String, HostTensor> gradWeights) {}

  private record Recorded(
      Parameters parameters,
      Map<Input, Tensor> gradInputs,
      Tensor output,
      Tensor gradOutput,
      Buffer gradients) {}

  private GradientCheck(LoadedProgram loaded, Recorded recorded) {
    this.loaded = loaded;
    this.recorded = recorded;
  }

  /**
   * Records a piece of a training graph.
   *
   * @param parameters of the piece, all of which are trained
   * @param differentiated inputs whose gradients are checked; the piece may declare others
   */
  public static RecordedProgram<GradientCheck> record(
      Parameters parameters, List<Input> differentiated, Piece piece) {
    Graph graph = new Graph(parameters, Trainable.ALL, Graph.Mode.TRAINING);
    graph.differentiateBy(new TreeSet<>(differentiated.stream().map(Input::name).toList()));
    Tensor output = piece.apply(graph, graph.inputs(differentiated));
    Tensor gradOutput = Tensor.persistent("gradient of the output", output.plainShape(), false);
    Steps steps = new Steps();
    graph.forward(steps);
    Buffer buffer = graph.layout().like("gradients");
    Gradients gradients = new Gradients(graph.layout(), buffer, false);
    gradients.backward(steps, graph.operations(), Map.of(output, gradOutput));
    steps.keep(output);
    Map<Input, Tensor> gradInputs = new LinkedHashMap<>();
    graph
        .placedInputs()
        .forEach((input, tensor) -> {
          Tensor gradient = gradients.ofInput(tensor);
          if (gradient != null) {
            gradInputs.put(input, gradient);
          }
        });
    RecordedProgram.Part part =
        new RecordedProgram.Part(
            "gradient check",
            0,
            steps.size(),
            graph.inputBuffers(),
            List.of(output.buffer(), gradOutput.buffer(), buffer));
    Recorded recorded = new Recorded(parameters, gradInputs, output, gradOutput, buffer);
    return new RecordedProgram<>(
        BatchShape.of(output.n()),
        graph,
        steps,
        List.of(part),
        () -> record(parameters, differentiated, piece).trialsOfSteps(),
        loaded -> new GradientCheck(loaded, recorded));
  }

  /**
   * Compares the backward pass of a piece with differences of its forward pass on an engine, which
   * first proves its kernels; see {@link #error(long, Map, boolean)}.
   *
   * @param inputs all that the piece has; it is differentiated by them
   * @return the largest difference of a slope, where 1 is the norm of the gradients
   */
  public static double error(
      Engine engine, Parameters parameters, List<Input> inputs, Piece piece) {
    try (GradientCheck check =
        record(parameters, inputs, piece).open(engine, randomParameters(parameters, 1))) {
      return check.error(1, Map.of(), false);
    }
  }

  /** Normal values for parameters, divided by the root of the fan-in. */
  public static Map<String, HostTensor> randomParameters(Parameters parameters, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Map<String, HostTensor> values = new LinkedHashMap<>();
    for (ParameterSpec spec : parameters.specs()) {
      float[] of = randoms(random, spec.size());
      for (int i = 0; i < of.length; i++) {
        of[i] /= (float) Math.sqrt(spec.fanIn());
      }
      values.put(spec.name(), new HostTensor(spec.shape(), of));
    }
    return values;
  }

  /**
   * Runs the piece forward and backward.
   *
   * @param inputs by name
   * @param gradOutput gradient of the output; null for zeros
   */
  public Result run(
      Map<String, HostTensor> parameters, Map<String, float[]> inputs, float[] gradOutput) {
    loaded.writeParameters(parameters);
    loaded.writeInputs(inputs, COUNTER);
    Tensor gradient = recorded.gradOutput;
    Order order = Order.CHANNELS_FIRST;
    int length = gradient.shape().pixels() * gradient.c();
    loaded.write(gradient, "gradients", gradOutput == null ? new float[length] : gradOutput, order);
    loaded.run();
    Map<String, float[]> gradInputs = new LinkedHashMap<>();
    recorded.gradInputs.forEach(
        (input, tensor) -> gradInputs.put(input.name(), loaded.read(tensor, input.order())));
    return new Result(
        loaded.read(recorded.output, order), gradInputs, loaded.readTrained(recorded.gradients));
  }

  /**
   * Compares the backward pass with differences of the forward pass, with respect to all parameters
   * and all differentiated inputs, at random values.
   *
   * @param seed of the values and directions
   * @param fixed values of the other inputs, by name
   * @param loss whether the output is one number per image, whose gradient is by convention that of
   *     the mean over the batch
   * @return the largest difference of a slope, relative to the norm of the gradients
   */
  public double error(long seed, Map<String, float[]> fixed, boolean loss) {
    SplittableRandom random = new SplittableRandom(seed);
    Point point = new Point(random, fixed, loss);
    double worst = 0;
    for (int direction = 0; direction < DIRECTIONS; direction++) {
      double expected = 0;
      double scale = 0;
      Map<String, float[]> along = new LinkedHashMap<>();
      for (Map.Entry<String, float[]> entry : point.gradients.entrySet()) {
        float[] gradient = entry.getValue();
        float[] part = randoms(random, gradient.length);
        along.put(entry.getKey(), part);
        expected += dot(part, gradient);
        scale += norm(gradient);
      }
      worst = Math.max(worst, Math.abs(point.slope(along, STEP) - expected) / scale);
    }
    return worst;
  }

  /**
   * Where the backward pass is furthest from differences of the forward pass, element by element:
   * what is wrong, if {@link #error(long, Map, boolean)} is not small.
   *
   * @param seed of the values; the other parameters are those of error
   * @return in one line: which input or parameter, which of its elements, and the two slopes
   */
  public String worst(long seed, Map<String, float[]> fixed, boolean loss) {
    Point point = new Point(new SplittableRandom(seed), fixed, loss);
    double largest = -1;
    String worst = "there is nothing that the piece is differentiated by";
    for (Map.Entry<String, float[]> entry : point.gradients.entrySet()) {
      float[] gradient = entry.getValue();
      for (int i = 0; i < gradient.length; i++) {
        float[] unit = new float[gradient.length];
        unit[i] = 1;
        double slope = point.slope(Map.of(entry.getKey(), unit), ELEMENT_STEP);
        double difference = Math.abs(slope - gradient[i]);
        // What is no number is worse than any number.
        if (!(difference <= largest)) {
          largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
          worst =
              "the gradient of %s is %.6f at element %d of %d, where differences give %.6f"
                  .formatted(entry.getKey(), gradient[i], i, gradient.length, slope);
        }
      }
    }
    return worst;
  }

  /** Random values of all that the piece is differentiated by, and the gradients there. */
  private final class Point {
    private final Map<String, float[]> inputs;
    private final Map<String, HostTensor> parameters;
    private final float[] gradOutput;
    private final int outputs;
    private final Map<String, float[]> gradients = new LinkedHashMap<>();

    Point(SplittableRandom random, Map<String, float[]> fixed, boolean loss) {
      inputs = new LinkedHashMap<>(fixed);
      recorded.gradInputs.forEach((input, tensor) ->
          inputs.put(input.name(), randoms(random, tensor.shape().pixels() * tensor.c())));
      parameters = randomParameters(recorded.parameters, random.nextLong());
      int length = recorded.output.shape().pixels() * recorded.output.c();
      gradOutput = randoms(random, length);
      outputs = loss ? length : 1;
      Result result = run(parameters, inputs, gradOutput);
      result.gradInputs.forEach((name, gradient) -> gradients.put(INPUT + name, gradient));
      parameters
          .keySet()
          .forEach(name -> gradients.put(PARAMETER + name, result.gradWeights.get(name).values()));
    }

    /** That of the output along a direction, of which absent parts are zero. */
    double slope(Map<String, float[]> along, float step) {
      return (output(along, step) - output(along, -step)) / (2 * step) / outputs;
    }

    private double output(Map<String, float[]> along, float step) {
      Map<String, float[]> values = new LinkedHashMap<>(inputs);
      values.replaceAll((name, from) -> moved(from, along.get(INPUT + name), step));
      Map<String, HostTensor> weights = new LinkedHashMap<>(parameters);
      weights.replaceAll((name, from) ->
          new HostTensor(from.shape(), moved(from.values(), along.get(PARAMETER + name), step)));
      return dot(gradOutput, run(weights, values, gradOutput).output);
    }
  }

  private static float[] randoms(SplittableRandom random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static float[] moved(float[] from, float[] along, float step) {
    if (along == null) {
      return from;
    }
    float[] moved = from.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += step * along[i];
    }
    return moved;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static double norm(float[] a) {
    return Math.sqrt(dot(a, a));
  }

  @Override
  public void close() {
    loaded.close();
  }
}
