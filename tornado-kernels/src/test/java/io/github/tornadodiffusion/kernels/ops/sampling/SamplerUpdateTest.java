package io.github.tornadodiffusion.kernels.ops.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdate.Line;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamplerUpdateTest {
  private final TestArena arena = new TestArena(9);

  static List<Block> shapes() {
    return Naive.shapes();
  }

  private List<Block> registers(Block shape, int count) {
    List<Block> registers = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      registers.add(arena.random(shape));
    }
    return registers;
  }

  /** Lines in order, in double precision. */
  private static void apply(Line line, double[][] registers) {
    double[] result = new double[registers[0].length];
    for (int i = 0; i < result.length; i++) {
      for (int k = 0; k < registers.length; k++) {
        result[i] += line.weights()[k] == 0 ? 0 : line.weights()[k] * registers[k][i];
      }
      result[i] *= line.factor() < 0 ? 1 : registers[line.factor()][i];
      if (line.limit() > 0) {
        result[i] = Math.clamp(result[i], -line.limit(), line.limit());
      }
    }
    registers[line.target()] = result;
  }

  private void check(List<Block> registers, List<Line> lines) {
    double[][] expected = registers.stream().map(arena::read).toArray(double[][]::new);
    lines.forEach(line -> apply(line, expected));
    int block = arena.put(SamplerUpdate.lines(lines, registers.size()));
    arena.run(SamplerUpdate.combine(block, registers));
    for (int k = 0; k < registers.size(); k++) {
      Naive.assertClose(expected[k], arena.read(registers.get(k)), 2e-6);
    }
  }

  /** Lines that read what lines before have written, themselves, clip and multiply. */
  @ParameterizedTest
  @MethodSource("shapes")
  void linesInOrder(Block shape) {
    List<Block> registers = registers(shape, 5);
    check(
        registers,
        List.of(
            new Line(3, -1, 0.5f, new float[] {1.5f, -0.75f, 0, 0, 0}),
            new Line(4, -1, 0, new float[] {0, 0, 0, 1, 0}),
            new Line(0, -1, 0, new float[] {0.9f, 0.1f, -0.3f, 1.25f, 2}),
            new Line(2, 4, 0, new float[] {0, 1, 1, 0, 0}),
            new Line(1, 1, 0.25f, new float[] {0, 1, 0, 0, 0})));
  }

  @Test
  void asManyLinesAndRegistersAsThereMayBe() {
    int count = 20;
    List<Block> registers = registers(Block.of(0, 2, 3, 5, 3), count);
    List<Line> lines = new ArrayList<>();
    for (int s = 0; s < SamplerUpdate.MOST_LINES; s++) {
      float[] weights = arena.randoms(count);
      for (int k = 0; k < count; k++) {
        weights[k] /= 4;
      }
      lines.add(new Line(7 * s % count, -1, 0, weights));
    }
    check(registers, lines);
    lines.add(lines.getFirst());
    assertThrows(IllegalArgumentException.class, () -> SamplerUpdate.lines(lines, count));
  }

  @Test
  void withoutLinesNothingChanges() {
    check(registers(Block.of(0, 1, 2, 3, 4), 3), List.of());
  }

  /** What a register without weight holds does not matter; what one with a weight holds does. */
  @Test
  void noNumbersStayWhereTheyAreAndAreNotHidden() {
    Block shape = Block.of(0, 1, 2, 2, 3);
    List<Block> registers = registers(shape, 3);
    float[] none = new float[12];
    Arrays.fill(none, Float.NaN);
    arena.fill(registers.get(1), none);
    List<Line> lines =
        List.of(
            new Line(0, -1, 1, new float[] {0.5f, 0, 0}),
            new Line(2, -1, 1, new float[] {1, 1, 0}));
    int block = arena.put(SamplerUpdate.lines(lines, 3));
    arena.run(SamplerUpdate.combine(block, registers));
    assertTrue(Arrays.stream(arena.read(registers.get(0))).allMatch(Double::isFinite));
    float[] hidden = arena.read(registers.get(2).offset(), 3);
    for (float value : hidden) {
      assertTrue(Float.isNaN(value));
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void learnedNoise(Block shape) {
    double leastLog = Math.log(1e-4);
    double mostLog = Math.log(0.02);
    Block noise = arena.random(shape);
    Block range = arena.random(shape);
    Block plain = arena.random(shape);
    double[] noises = arena.read(noise);
    double[] ofRange = arena.read(range);
    double[] ofPlain = arena.read(plain);
    int logarithmic = arena.put(SamplerUpdate.logarithmicDeviation(leastLog, mostLog));
    int squared = arena.put(SamplerUpdate.plainDeviation(0.01));
    arena.run(
        SamplerUpdate.learnedNoise(range, noise, logarithmic),
        SamplerUpdate.learnedNoise(plain, noise, squared));
    double[] actualRange = arena.read(range);
    double[] actualPlain = arena.read(plain);
    for (int i = 0; i < noises.length; i++) {
      double share = (ofRange[i] + 1) / 2;
      double variance = Math.exp(share * mostLog + (1 - share) * leastLog);
      double expected = Math.sqrt(variance) * noises[i];
      assertEquals(expected, actualRange[i], 2e-6 * Math.abs(expected));
      expected = Math.sqrt(Math.max(ofPlain[i], 0.01)) * noises[i];
      assertEquals(expected, actualPlain[i], 1e-6 * Math.abs(expected));
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Block x = Block.of(0, 2, 4, 4, 5);
    for (Block wrong : List.of(Block.of(0, 2, 4, 4, 4), x.bordered(1, 1, 1, 1))) {
      assertThrows(
          IllegalArgumentException.class, () -> SamplerUpdate.combine(0, List.of(x, wrong)));
      assertThrows(IllegalArgumentException.class, () -> SamplerUpdate.learnedNoise(x, wrong, 0));
    }
    float[] two = new float[2];
    for (Line line :
        List.of(
            new Line(2, -1, 0, two),
            new Line(0, 2, 0, two),
            new Line(0, -1, -1, two),
            new Line(0, -1, Float.NaN, two),
            new Line(0, -1, 0, new float[3]))) {
      List<Line> lines = Collections.singletonList(line);
      assertThrows(IllegalArgumentException.class, () -> SamplerUpdate.lines(lines, 2));
    }
  }
}
