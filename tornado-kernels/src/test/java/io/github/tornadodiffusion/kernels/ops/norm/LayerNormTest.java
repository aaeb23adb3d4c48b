package io.github.tornadodiffusion.kernels.ops.norm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layer normalisation and its gradients against the definition in double precision. */
class LayerNormTest {
  private static final double EPS = 1e-5f;

  /** One layer in an arena, with everything that forward and backward write. */
  private static final class Layer {
    final TestArena arena = new TestArena(11);
    final int pixels;
    final int c;
    final Block x;
    final Block gamma;
    final Block beta;
    final Block gradOut;
    final Block out;
    final Block gradX;
    final Block sumX;
    final Block gradGamma;
    final Block gradBeta;
    final double[] before;
    final double[] betaBefore;
    final List<Call> calls = new ArrayList<>();

    Layer(int n, int tokens, int c, float offset) {
      pixels = n * tokens;
      this.c = c;
      Block shape = Block.of(0, n, 1, tokens, c);
      Block parameters = Block.of(0, 1, 1, 1, c);
      x = arena.place(shape);
      float[] values = arena.randoms(pixels * c);
      for (int i = 0; i < values.length; i++) {
        values[i] += offset;
      }
      arena.fill(x, values);
      gamma = arena.random(parameters);
      beta = arena.random(parameters);
      gradOut = arena.random(shape);
      out = arena.place(shape);
      gradX = arena.place(shape);
      sumX = arena.random(shape);
      gradGamma = arena.place(parameters);
      gradBeta = arena.random(parameters);
      before = arena.read(sumX);
      betaBefore = arena.read(gradBeta);
      int eps = arena.put((float) EPS);
      int statistics = arena.reserve(LayerNorm.statisticsSize(x));
      int scratch = arena.reserve(LayerNorm.scratch(x));
      calls.add(LayerNorm.forward(x, eps, gamma.offset(), beta.offset(), statistics, out));
      calls.add(LayerNorm.gradient(x, gamma.offset(), statistics, gradOut, gradX, false));
      calls.add(LayerNorm.gradient(x, gamma.offset(), statistics, gradOut, sumX, true));
      calls.addAll(
          LayerNorm.parameterGradients(
              x, statistics, gradOut, gradGamma.offset(), false, gradBeta.offset(), true, scratch));
    }

    /** Element c of pixel p of an array [n][c][tokens]. */
    int at(int p, int channel) {
      int tokens = x.w();
      return (p / tokens * c + channel) * tokens + p % tokens;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, 77, 64, 0",
    "1, 5, 1, 3",
    "2, 3, 7, 0",
    "1, 1, 16, 100",
    "3, 130, 33, 0",
    "1, 9, 768, -2",
    "2, 2, 17, 1",
  })
  void matchesTheDefinition(int n, int tokens, int c, float offset) {
    Layer l = new Layer(n, tokens, c, offset);
    double[] x = l.arena.read(l.x);
    double[] gamma = l.arena.read(l.gamma);
    double[] beta = l.arena.read(l.beta);
    double[] gradOut = l.arena.read(l.gradOut);
    l.arena.run(l.calls);

    double[] gradGamma = new double[c];
    double[] gradBeta = l.betaBefore.clone();
    double[] out = l.arena.read(l.out);
    double[] gradX = l.arena.read(l.gradX);
    double[] sumX = l.arena.read(l.sumX);
    for (int p = 0; p < l.pixels; p++) {
      double mean = 0;
      for (int i = 0; i < c; i++) {
        mean += x[l.at(p, i)] / c;
      }
      double variance = 0;
      for (int i = 0; i < c; i++) {
        variance += Math.pow(x[l.at(p, i)] - mean, 2) / c;
      }
      double inverse = 1 / Math.sqrt(variance + EPS);
      double sum = 0;
      double slope = 0;
      for (int i = 0; i < c; i++) {
        double norm = (x[l.at(p, i)] - mean) * inverse;
        double g = gradOut[l.at(p, i)];
        sum += g * gamma[i] / c;
        slope += g * gamma[i] * norm / c;
        gradGamma[i] += g * norm;
        gradBeta[i] += g;
      }
      // Where x is far from zero its own last bit is seen through the inverse deviation.
      double unit = 2e-6 * (1 + Math.abs(offset) * inverse);
      for (int i = 0; i < c; i++) {
        int at = l.at(p, i);
        double norm = (x[at] - mean) * inverse;
        double gradient = (gradOut[at] * gamma[i] - sum - norm * slope) * inverse;
        assertEquals(norm * gamma[i] + beta[i], out[at], unit);
        assertEquals(gradient, gradX[at], unit * (1 + inverse));
        assertEquals(l.before[at] + gradient, sumX[at], unit * (1 + inverse));
      }
    }
    assertArrayEquals(gradGamma, l.arena.read(l.gradGamma), 1e-4);
    assertArrayEquals(gradBeta, l.arena.read(l.gradBeta), 1e-4);
  }

  @Test
  void theResultDoesNotDependOnTheNumberOfThreads() {
    Layer l = new Layer(2, 300, 40, 0);
    try (JvmEngine one = new JvmEngine(1);
        JvmEngine three = new JvmEngine(3)) {
      assertArrayEquals(results(l, one), results(l, three));
    }
  }

  private static double[] results(Layer l, Engine engine) {
    l.arena.run(engine, l.calls);
    double[] out = l.arena.read(l.gradX);
    double[] gamma = l.arena.read(l.gradGamma);
    double[] all = java.util.Arrays.copyOf(out, out.length + gamma.length);
    System.arraycopy(gamma, 0, all, out.length, gamma.length);
    return all;
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Block x = Block.of(16, 1, 1, 8, 30);
    Block other = Block.of(16, 1, 1, 9, 30);
    assertThrows(IllegalArgumentException.class, () -> LayerNorm.forward(x, 0, 0, 0, 0, other));
    Block bordered = x.bordered(1, 1, 1, 1);
    assertThrows(
        IllegalArgumentException.class, () -> LayerNorm.forward(bordered, 0, 0, 0, 0, bordered));
  }
}
