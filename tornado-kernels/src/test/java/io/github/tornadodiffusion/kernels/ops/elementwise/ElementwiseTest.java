package io.github.tornadodiffusion.kernels.ops.elementwise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ElementwiseTest {
  private static final double EXACT = 0;
  private static final double ROUNDING = 1e-6;

  private TestArena arena = new TestArena(1);

  static List<Block> shapes() {
    return Naive.shapes();
  }

  static List<Block> borderedShapes() {
    return Naive.borderedShapes();
  }

  private Naive values(Block b) {
    return Naive.of(b, arena.read(b));
  }

  private static Block plain(Block b) {
    return b.bordered(0, 0, 0, 0);
  }

  private void check(Block out, Naive expected, double tolerance, Call call) {
    double[] oracle = Naive.values(out, expected);
    arena.run(call);
    Naive.assertClose(oracle, arena.read(out), tolerance);
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void copyAddsAndRemovesABorder(Block shape) {
    Block x = arena.random(plain(shape));
    Block bordered = arena.place(shape);
    Block back = arena.place(plain(shape));
    double[] expected = arena.read(x);
    arena.run(Elementwise.copy(x, bordered, false), Elementwise.copy(bordered, back, false));
    assertArrayEquals(expected, arena.read(bordered));
    assertArrayEquals(expected, arena.read(back));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void copyAccumulates(Block shape) {
    Block x = arena.random(shape);
    Block out = arena.random(plain(shape));
    Naive vx = values(x);
    Naive vo = values(out);
    check(
        out,
        (n, c, i, j) -> vo.at(n, c, i, j) + vx.at(n, c, i, j),
        ROUNDING,
        Elementwise.copy(x, out, true));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void add(Block shape) {
    Block a = arena.random(shape);
    Block b = arena.random(plain(shape));
    Block out = arena.place(shape.bordered(1, 0, 2, 1));
    Naive va = values(a);
    Naive vb = values(b);
    check(
        out,
        (n, c, i, j) -> va.at(n, c, i, j) + vb.at(n, c, i, j),
        ROUNDING,
        Elementwise.add(a, b, out));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void scale(Block shape) {
    Block x = arena.random(plain(shape));
    Block out = arena.place(shape);
    Block sum = arena.random(plain(shape));
    int factor = arena.put(-1.5f);
    Naive vx = values(x);
    Naive vs = values(sum);
    double[] product = Naive.values(x, (n, c, i, j) -> -1.5 * vx.at(n, c, i, j));
    double[] total = Naive.values(x, (n, c, i, j) -> vs.at(n, c, i, j) - 1.5 * vx.at(n, c, i, j));
    arena.run(Elementwise.scale(x, factor, out, false), Elementwise.scale(x, factor, sum, true));
    Naive.assertClose(product, arena.read(out), ROUNDING);
    Naive.assertClose(total, arena.read(sum), ROUNDING);
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void affineLeavesPaddingZero(Block shape) {
    Block x = arena.random(plain(shape));
    Block out = arena.place(shape);
    int constants = arena.put(2f, -0.7f);
    Naive vx = values(x);
    check(
        out,
        (n, c, i, j) -> 2 * vx.at(n, c, i, j) - 0.7f,
        ROUNDING,
        Elementwise.affine(x, constants, constants + 1, out));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void softmax(Block shape) {
    Block x = arena.random(plain(shape));
    Block out = arena.place(shape);
    Naive vx = values(x);
    check(
        out,
        (n, c, i, j) -> softmax(vx, shape.c(), n, c, i, j),
        ROUNDING,
        Elementwise.softmax(x, out));
  }

  @ParameterizedTest
  @ValueSource(floats = {-200, 200})
  void softmaxIsIndependentOfAShift(float shift) {
    Block x = arena.place(Block.of(0, 1, 1, 1, 19));
    float[] values = arena.randoms(19);
    for (int i = 0; i < values.length; i++) {
      values[i] += shift;
    }
    arena.fill(x, values);
    Block out = arena.place(x);
    Naive vx = values(x);
    check(out, (n, c, i, j) -> softmax(vx, 19, n, c, i, j), ROUNDING, Elementwise.softmax(x, out));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void softmaxBackward(Block shape) {
    Block out = arena.random(shape.bordered(0, 1, 0, 0));
    Block gradOut = arena.random(shape);
    Block gradX = arena.place(shape);
    Block sum = arena.random(shape);
    Naive soft = values(out);
    Naive grad = values(gradOut);
    Naive vs = values(sum);
    Naive expected =
        (n, c, i, j) -> {
          double mean = 0;
          for (int k = 0; k < shape.c(); k++) {
            mean += soft.at(n, k, i, j) * grad.at(n, k, i, j);
          }
          return soft.at(n, c, i, j) * (grad.at(n, c, i, j) - mean);
        };
    double[] gradient = Naive.values(shape, expected);
    double[] total =
        Naive.values(shape, (n, c, i, j) -> vs.at(n, c, i, j) + expected.at(n, c, i, j));
    arena.run(
        Elementwise.softmaxBackward(out, gradOut, gradX, false),
        Elementwise.softmaxBackward(out, gradOut, sum, true));
    Naive.assertClose(gradient, arena.read(gradX), 1e-5);
    Naive.assertClose(total, arena.read(sum), 1e-5);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 5, 7, 16, 17, 32, 33, 64})
  void concatAndSlice(int first) {
    for (int second : new int[] {1, 3, 7, 16, 17, 64}) {
      for (int border = 0; border < 2; border++) {
        concatAndSlice(first, second, border);
      }
    }
  }

  private void concatAndSlice(int first, int second, int border) {
    arena = new TestArena(1); // an arena runs once
    Block a = arena.random(Block.of(0, 2, 3, 5, first).bordered(border, 0, 0, 0));
    Block b = arena.random(Block.of(0, 2, 3, 5, second).bordered(0, 0, 0, border));
    Block both =
        arena.place(Block.of(0, 2, 3, 5, first + second).bordered(border, border, border, border));
    Block partA = arena.place(plain(a));
    Block partB = arena.place(plain(b).bordered(0, border, 0, 0));
    Block sum = arena.random(plain(b));
    Naive va = values(a);
    Naive vb = values(b);
    Naive vs = values(sum);
    double[] concat =
        Naive.values(
            both, (n, c, i, j) -> c < first ? va.at(n, c, i, j) : vb.at(n, c - first, i, j));
    double[] total = Naive.values(sum, (n, c, i, j) -> vs.at(n, c, i, j) + vb.at(n, c, i, j));
    double[] expectedA = arena.read(a);
    double[] expectedB = arena.read(b);
    arena.run(
        Elementwise.concat(a, b, both),
        Elementwise.slice(both, 0, partA, false),
        Elementwise.slice(both, first, partB, false),
        Elementwise.slice(both, first, sum, true));
    Naive.assertClose(concat, arena.read(both), EXACT);
    assertArrayEquals(expectedA, arena.read(partA));
    assertArrayEquals(expectedB, arena.read(partB));
    Naive.assertClose(total, arena.read(sum), ROUNDING);
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block x = Block.of(0, 2, 3, 4, 5);
    Block channels = Block.of(0, 2, 3, 4, 6);
    Block rows = Block.of(0, 2, 4, 4, 5);
    assertThrows(IllegalArgumentException.class, () -> Elementwise.add(x, channels, x));
    assertThrows(IllegalArgumentException.class, () -> Elementwise.copy(x, rows, false));
    assertThrows(IllegalArgumentException.class, () -> Elementwise.concat(x, x, channels));
    assertThrows(IllegalArgumentException.class, () -> Elementwise.slice(x, 1, x, false));
    assertThrows(
        IllegalArgumentException.class, () -> Elementwise.copy(x, x.bordered(1, 1, 1, 1), true));
  }

  private static double softmax(Naive x, int channels, int n, int c, int i, int j) {
    double sum = 0;
    for (int k = 0; k < channels; k++) {
      sum += Math.exp(x.at(n, k, i, j) - x.at(n, c, i, j));
    }
    return 1 / sum;
  }
}
