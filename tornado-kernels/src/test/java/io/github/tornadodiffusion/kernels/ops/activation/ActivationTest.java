package io.github.tornadodiffusion.kernels.ops.activation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ActivationTest {
  private static final double ROUNDING = 1e-6;

  /** Of the cumulative normal distribution, in steps of Simpson's rule. */
  private static final int STEPS = 400;

  private final TestArena arena = new TestArena(2);

  /** Those whose formulas are written here once more. */
  private static final Set<String> FORMULAS =
      Set.of("silu", "relu", "gelu", "mish", "quick_gelu", "gelu_pytorch_tanh");

  static Stream<Activation> all() {
    return Activation.names().stream().map(name -> Activation.named(name).orElseThrow()).distinct();
  }

  static Stream<Activation> activations() {
    return all().filter(f -> FORMULAS.contains(f.name()));
  }

  static Stream<Arguments> cases() {
    return activations()
        .flatMap(f -> Naive.borderedShapes().stream().map(shape -> Arguments.of(f, shape)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void forward(Activation f, Block shape) {
    Block x = arena.random(plain(shape));
    Block out = arena.place(shape);
    Naive vx = Naive.of(x, arena.read(x));
    double[] expected = Naive.values(out, (n, c, i, j) -> value(f, vx.at(n, c, i, j)));
    arena.run(f.forward(x, out));
    Naive.assertClose(expected, arena.read(out), ROUNDING);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void backward(Activation f, Block shape) {
    Block x = arena.random(shape);
    Block gradOut = arena.random(plain(shape));
    Block gradX = arena.place(plain(shape));
    Block sum = arena.random(plain(shape));
    Naive vx = Naive.of(x, arena.read(x));
    Naive vg = Naive.of(gradOut, arena.read(gradOut));
    Naive vs = Naive.of(sum, arena.read(sum));
    Naive expected = (n, c, i, j) -> vg.at(n, c, i, j) * slope(f, vx.at(n, c, i, j));
    double[] gradient = Naive.values(gradX, expected);
    double[] total = Naive.values(sum, (n, c, i, j) -> vs.at(n, c, i, j) + expected.at(n, c, i, j));
    arena.run(f.backward(x, gradOut, gradX, false), f.backward(x, gradOut, sum, true));
    Naive.assertClose(gradient, arena.read(gradX), ROUNDING);
    Naive.assertClose(total, arena.read(sum), ROUNDING);
  }

  /** Over the range in which the functions bend, and far outside. */
  @ParameterizedTest
  @MethodSource("activations")
  void everyArgument(Activation f) {
    float[] values = new float[241];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i - 120) / 8f;
    }
    double[] expected = new double[values.length];
    double[] slopes = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      expected[i] = value(f, values[i]);
      slopes[i] = slope(f, values[i]);
    }
    Block x = arena.place(Block.of(0, 1, 1, 1, values.length));
    arena.fill(x, values);
    Block ones = ones(x);
    Block out = arena.place(x);
    Block grad = arena.place(x);
    arena.run(f.forward(x, out), f.backward(x, ones, grad, false));
    check(f + " at ", values, expected, arena.read(out));
    check("Slope of " + f + " at ", values, slopes, arena.read(grad));
  }

  /** Each value against what lies around it, so that tails must not be lost. */
  private static void check(String what, float[] at, double[] expected, double[] actual) {
    for (int i = 1; i < at.length - 1; i++) {
      double around = Math.max(Math.abs(expected[i - 1]), Math.abs(expected[i + 1]));
      double scale = Math.max(around, Math.abs(expected[i]));
      assertEquals(expected[i], actual[i], 2e-5 * scale + 1e-35, what + at[i]);
    }
  }

  @ParameterizedTest
  @MethodSource("activations")
  void largeArgumentsStayFinite(Activation f) {
    Block x = arena.place(Block.of(0, 1, 1, 1, 6));
    arena.fill(x, new float[] {-1e4f, -90, -45, 45, 90, 1e4f});
    Block ones = ones(x);
    Block out = arena.place(x);
    Block grad = arena.place(x);
    arena.run(f.forward(x, out), f.backward(x, ones, grad, false));
    Naive.assertClose(new double[] {0, 0, 0, 45, 90, 1e4}, arena.read(out), ROUNDING);
    Naive.assertClose(new double[] {0, 0, 0, 1, 1, 1}, arena.read(grad), ROUNDING);
  }

  /** Of every activation there is, whoever adds one. */
  @ParameterizedTest
  @MethodSource("all")
  void theGradientIsTheSlopeOfTheFunction(Activation f) {
    double step = 1.0 / 64;
    float[] values = new float[48];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i - 24.5f) / 8; // none of them at a corner, such as zero
    }
    Block shape = Block.of(0, 1, 1, 1, values.length);
    Block[] blocks = new Block[6];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = arena.place(shape);
    }
    float[] above = new float[values.length];
    float[] below = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      above[i] = (float) (values[i] + step);
      below[i] = (float) (values[i] - step);
    }
    arena.fill(blocks[0], values);
    arena.fill(blocks[1], above);
    arena.fill(blocks[2], below);
    arena.run(
        f.forward(blocks[1], blocks[3]),
        f.forward(blocks[2], blocks[4]),
        f.backward(blocks[0], ones(shape), blocks[5], false));
    double[] upper = arena.read(blocks[3]);
    double[] lower = arena.read(blocks[4]);
    double[] expected = new double[values.length];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = (upper[i] - lower[i]) / (2 * step);
    }
    Naive.assertClose(expected, arena.read(blocks[5]), 1e-3);
  }

  /** PyTorch's choice. */
  @Test
  void reluIsFlatAtZero() {
    Block x = arena.place(Block.of(0, 1, 1, 1, 3));
    arena.fill(x, new float[] {-0.0f, 0, Float.MIN_NORMAL});
    Block ones = ones(x);
    Block grad = arena.place(x);
    arena.run(Activation.RELU.backward(x, ones, grad, false));
    Naive.assertClose(new double[] {0, 0, 1}, arena.read(grad), 0);
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block x = Block.of(0, 2, 3, 4, 5);
    Block channels = Block.of(0, 2, 3, 4, 6);
    activations()
        .forEach(f -> {
          assertThrows(IllegalArgumentException.class, () -> f.forward(x, channels));
          assertThrows(IllegalArgumentException.class, () -> f.backward(x, x, channels, false));
        });
  }

  private Block ones(Block shape) {
    Block ones = arena.place(shape);
    float[] values = new float[shape.c()];
    Arrays.fill(values, 1);
    arena.fill(ones, values);
    return ones;
  }

  private static Block plain(Block b) {
    return b.bordered(0, 0, 0, 0);
  }

  private static double value(Activation f, double x) {
    return switch (f.name()) {
      case "silu" -> x / (1 + Math.exp(-x));
      case "relu" -> Math.max(x, 0);
      case "gelu" -> x * normal(x);
      case "mish" -> x * Math.tanh(Math.log1p(Math.exp(x)));
      case "quick_gelu" -> x / (1 + Math.exp(-1.702 * x));
      // 1 + tanh, without losing the tail.
      case "gelu_pytorch_tanh" -> x / (1 + Math.exp(-2 * argument(x)));
      default -> throw new AssertionError(f);
    };
  }

  private static double slope(Activation f, double x) {
    double sigmoid = 1 / (1 + Math.exp(-x));
    return switch (f.name()) {
      case "silu" -> sigmoid * (1 + x * (1 - sigmoid));
      case "relu" -> x > 0 ? 1 : 0;
      case "gelu" -> normal(x) + x * density(x);
      case "mish" -> {
        double tanh = Math.tanh(Math.log1p(Math.exp(x)));
        yield tanh + x * (1 - tanh) * (1 + tanh) * sigmoid;
      }
      case "quick_gelu" -> {
        double s = 1 / (1 + Math.exp(-1.702 * x));
        yield s + 1.702 * x * s * (1 - s);
      }
      case "gelu_pytorch_tanh" -> {
        double s = 1 / (1 + Math.exp(-2 * argument(x)));
        double slope = Math.sqrt(2 / Math.PI) * (1 + 0.134145 * x * x);
        yield s + 2 * x * slope * s * (1 - s);
      }
      default -> throw new AssertionError(f);
    };
  }

  /** Of the hyperbolic tangent that stands for the normal distribution. */
  private static double argument(double x) {
    return Math.sqrt(2 / Math.PI) * (x + 0.044715 * Math.pow(x, 3));
  }

  private static double density(double x) {
    return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  /** The integral of the density up to x. */
  private static double normal(double x) {
    if (x > 0) {
      return 1 - normal(-x);
    }
    // Beyond ten standard deviations the tail is e^-50 times smaller.
    double width = 10.0 / STEPS;
    double sum = 0;
    for (int i = 0; i < STEPS; i++) {
      double from = x - i * width;
      sum += density(from) + 4 * density(from - width / 2) + density(from - width);
    }
    return sum * width / 6;
  }
}
