package io.github.tornadodiffusion.kernels.ops.activation;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GegluTest {
  private final TestArena arena = new TestArena(3);

  /** The product with the activation GELU, which its own tests prove. */
  @ParameterizedTest
  @MethodSource("io.github.tornadodiffusion.kernels.Naive#shapes")
  void theValueTimesTheActivationOfTheGate(Block shape) {
    Block value = arena.random(shape);
    Block gate = arena.random(shape);
    Block gradOut = arena.random(shape);
    Block ones = arena.place(shape);
    float[] one = new float[shape.pixels() * shape.c()];
    java.util.Arrays.fill(one, 1);
    arena.fill(ones, one);
    Block activated = arena.place(shape);
    Block slope = arena.place(shape);
    Block out = arena.place(shape);
    Block gradValue = arena.place(shape);
    Block gradGate = arena.place(shape);
    Block valueSum = arena.random(shape);
    Block gateSum = arena.random(shape);
    Naive value0 = Naive.of(value, arena.read(value));
    Naive grad0 = Naive.of(gradOut, arena.read(gradOut));
    Naive valueSum0 = Naive.of(shape, arena.read(valueSum));
    Naive gateSum0 = Naive.of(shape, arena.read(gateSum));
    arena.run(
        Activation.GELU.forward(gate, activated),
        Activation.GELU.backward(gate, ones, slope, false),
        Geglu.forward(value, gate, out),
        Geglu.valueGradient(gate, gradOut, gradValue, false),
        Geglu.valueGradient(gate, gradOut, valueSum, true),
        Geglu.gateGradient(value, gate, gradOut, gradGate, false),
        Geglu.gateGradient(value, gate, gradOut, gateSum, true));
    Naive gelu = Naive.of(shape, arena.read(activated));
    Naive slopes = Naive.of(shape, arena.read(slope));
    Naive ofValue = (n, c, y, x) -> grad0.at(n, c, y, x) * gelu.at(n, c, y, x);
    Naive ofGate =
        (n, c, y, x) -> grad0.at(n, c, y, x) * value0.at(n, c, y, x) * slopes.at(n, c, y, x);
    check(out, (n, c, y, x) -> value0.at(n, c, y, x) * gelu.at(n, c, y, x));
    check(gradValue, ofValue);
    check(valueSum, (n, c, y, x) -> valueSum0.at(n, c, y, x) + ofValue.at(n, c, y, x));
    check(gradGate, ofGate);
    check(gateSum, (n, c, y, x) -> gateSum0.at(n, c, y, x) + ofGate.at(n, c, y, x));
  }

  private void check(Block actual, Naive expected) {
    Naive.assertClose(Naive.values(actual, expected), arena.read(actual), 1e-6);
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block a = Block.of(0, 2, 3, 4, 5);
    Block b = Block.of(0, 2, 3, 4, 6);
    assertThrows(IllegalArgumentException.class, () -> Geglu.forward(a, b, a));
  }
}
