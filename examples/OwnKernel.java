import io.github.tornadodiffusion.kernels.*;
import io.github.tornadodiffusion.nn.graph.*;
import io.github.tornadodiffusion.nn.operations.UnaryOperation;
import io.github.tornadodiffusion.nn.programs.GradientCheck;
import java.util.List;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A kernel of your own with its gradient, in a graph: the squared ReLU (So et al. 2021). An oracle
 * says in double precision what each kernel must write; the device has to agree before it is used.
 *
 * <pre>./tornado-diffusion run examples/OwnKernel.java --device jvm</pre>
 */
final class OwnKernel {
  static final Kernel FORWARD =
      Kernel.of(OwnKernel.class, "forward")
          .with(CallOracle.range(2, 0, (i, d, m) -> Math.pow(relu(m.at(d[1] + i)), 2)));

  static final Kernel BACKWARD =
      Kernel.of(OwnKernel.class, "backward")
          .with(
              CallOracle.range(
                  2,
                  0,
                  (i, d, m) -> d[4] * m.at(d[2] + i) + 2 * relu(m.at(d[1] + i)) * m.at(d[3] + i)));

  /** out[i] = max(x[i], 0)^2; the descriptor is count, x, out. */
  static void forward(FloatArray arena, IntArray d) {
    for (@Parallel int i = 0; i < d.get(0); i++) {
      float x = TornadoMath.max(arena.get(d.get(1) + i), 0f);
      arena.set(d.get(2) + i, x * x);
    }
  }

  /** gradX[i] = 2 max(x[i], 0) gradOut[i]; count, x, gradX, gradOut, 1 to add or 0. */
  static void backward(FloatArray arena, IntArray d) {
    for (@Parallel int i = 0; i < d.get(0); i++) {
      float slope = 2f * TornadoMath.max(arena.get(d.get(1) + i), 0f);
      float before = d.get(4) == 1 ? arena.get(d.get(2) + i) : 0f;
      arena.set(d.get(2) + i, before + slope * arena.get(d.get(3) + i));
    }
  }

  static double relu(double x) {
    return Math.max(x, 0);
  }

  static Call call(Kernel kernel, int... d) {
    return new Call(kernel, d, d[0], 2.0 * d[0], 8.0 * d[0]);
  }

  static Tensor squaredRelu(Graph graph, Tensor x) {
    return UnaryOperation.record(
        graph,
        "squared ReLU",
        x,
        (in, out) -> call(FORWARD, in.size(), in.offset(), out.offset()),
        (in, gradOut, gradX, add) ->
            call(BACKWARD, in.size(), in.offset(), gradX.offset(), gradOut.offset(), add ? 1 : 0));
  }

  static void main(String... arguments) {
    String device = arguments.length == 2 ? arguments[1] : "jvm";
    List<Input> x = List.of(Input.images("x", 2, 5, 3, 7, Padding.NONE));
    try (Engine engine = Engines.open(device, EngineOptions.DEFAULT)) {
      double error =
          GradientCheck.error(
              engine, new Parameters(), x, (graph, in) -> squaredRelu(graph, in.get("x")));
      IO.println("%s: gradient and differences differ by %.1e".formatted(device, error));
    }
  }
}
