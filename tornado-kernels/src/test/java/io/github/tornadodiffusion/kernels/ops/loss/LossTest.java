package io.github.tornadodiffusion.kernels.ops.loss;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LossTest {
  private final TestArena arena = new TestArena(4);

  static List<Block> shapes() {
    return Naive.shapes();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void meanSquaredErrorAndItsGradient(Block shape) {
    Block prediction = arena.random(shape);
    Block target = arena.random(shape);
    Block gradient = arena.place(shape);
    int perImage = arena.reserve(shape.n());
    float[] weight = arena.randoms(shape.n());
    int weights = arena.put(weight);
    Naive p = Naive.of(shape, arena.read(prediction));
    Naive t = Naive.of(shape, arena.read(target));
    double[] expected = new double[shape.n()];
    double elements = (double) shape.h() * shape.w() * shape.c();
    double[] gradients =
        Naive.values(
            shape,
            (n, c, i, j) -> {
              double error = p.at(n, c, i, j) - t.at(n, c, i, j);
              expected[n] += error * error / elements;
              return weight[n] * 2 * error / (elements * shape.n());
            });
    arena.run(
        Loss.meanSquaredError(prediction, target, perImage),
        Loss.meanSquaredErrorBackward(prediction, target, weights, gradient));
    float[] losses = arena.read(perImage, shape.n());
    for (int i = 0; i < shape.n(); i++) {
      Naive.assertClose(new double[] {expected[i]}, new double[] {losses[i]}, 1e-6);
    }
    Naive.assertClose(gradients, arena.read(gradient), 1e-7);
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block x = Block.of(0, 2, 4, 4, 5);
    assertThrows(
        IllegalArgumentException.class, () -> Loss.meanSquaredError(x, Block.of(0, 2, 4, 4, 4), 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> Loss.meanSquaredError(x.bordered(1, 1, 1, 1), x.bordered(1, 1, 1, 1), 0));
  }
}
