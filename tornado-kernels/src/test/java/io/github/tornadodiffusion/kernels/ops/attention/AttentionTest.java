package io.github.tornadodiffusion.kernels.ops.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Multi-head attention and its gradients against the definition in double precision. */
class AttentionTest {
  /** The definition; tensors are [n][c][tokens]. */
  private record Oracle(int n, int tokens, int c, int heads) {
    double[] forward(double[] q, double[] k, double[] v) {
      double[] out = new double[q.length];
      int d = c / heads;
      for (int head = 0; head < n * heads; head++) {
        for (int i = 0; i < tokens; i++) {
          double[] p = weights(q, k, head, i);
          for (int e = 0; e < d; e++) {
            for (int j = 0; j < tokens; j++) {
              out[at(head, e, i)] += p[j] * v[at(head, e, j)];
            }
          }
        }
      }
      return out;
    }

    /** The gradients of q, k and v. */
    List<double[]> backward(double[] q, double[] k, double[] v, double[] gradOut) {
      double[] gradQ = new double[q.length];
      double[] gradK = new double[q.length];
      double[] gradV = new double[q.length];
      int d = c / heads;
      double scale = 1 / Math.sqrt(d);
      for (int head = 0; head < n * heads; head++) {
        for (int i = 0; i < tokens; i++) {
          double[] p = weights(q, k, head, i);
          double[] gradP = new double[tokens];
          double mean = 0;
          for (int j = 0; j < tokens; j++) {
            for (int e = 0; e < d; e++) {
              gradP[j] += gradOut[at(head, e, i)] * v[at(head, e, j)];
              gradV[at(head, e, j)] += p[j] * gradOut[at(head, e, i)];
            }
            mean += p[j] * gradP[j];
          }
          for (int j = 0; j < tokens; j++) {
            double gradScore = p[j] * (gradP[j] - mean) * scale;
            for (int e = 0; e < d; e++) {
              gradQ[at(head, e, i)] += gradScore * k[at(head, e, j)];
              gradK[at(head, e, j)] += gradScore * q[at(head, e, i)];
            }
          }
        }
      }
      return List.of(gradQ, gradK, gradV);
    }

    private double[] weights(double[] q, double[] k, int head, int i) {
      int d = c / heads;
      double[] p = new double[tokens];
      double max = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < tokens; j++) {
        for (int e = 0; e < d; e++) {
          p[j] += q[at(head, e, i)] * k[at(head, e, j)] / Math.sqrt(d);
        }
        max = Math.max(max, p[j]);
      }
      double sum = 0;
      for (int j = 0; j < tokens; j++) {
        p[j] = Math.exp(p[j] - max);
        sum += p[j];
      }
      for (int j = 0; j < tokens; j++) {
        p[j] /= sum;
      }
      return p;
    }

    private int at(int head, int e, int token) {
      return (head * (c / heads) + e) * tokens + token;
    }
  }

  /** One layer laid out in an arena, with everything that forward and backward write. */
  private static final class Layer {
    final TestArena arena = new TestArena(4);
    final Block q;
    final Block k;
    final Block v;
    final Block gradOut;
    final Block out;
    final Block gradQ;
    final Block gradK;
    final Block gradV;
    final List<Call> calls = new ArrayList<>();

    Layer(int n, int tokens, int c, int heads, float sharpness) {
      Block shape = Block.of(0, n, 1, tokens, c);
      q = arena.place(shape);
      float[] values = arena.randoms(n * tokens * c);
      for (int i = 0; i < values.length; i++) {
        values[i] *= sharpness;
      }
      arena.fill(q, values);
      k = arena.random(shape);
      v = arena.random(shape);
      gradOut = arena.random(shape);
      out = arena.place(shape);
      gradQ = arena.place(shape);
      gradK = arena.place(shape);
      gradV = arena.place(shape);
      int saved = arena.reserve(Attention.savedSize(q, heads));
      int forwardScratch = arena.reserve(Attention.forwardScratch(q, heads));
      int backwardScratch = arena.reserve(Attention.backwardScratch(q, heads));
      calls.addAll(Attention.forward(q, k, v, heads, out, saved, forwardScratch));
      calls.addAll(
          Attention.backward(
              q, k, v, heads, out, saved, gradOut, gradQ, gradK, gradV, backwardScratch));
    }

    float[] results(Engine engine) {
      arena.run(engine, calls);
      float[] all = new float[0];
      for (Block block : List.of(out, gradQ, gradK, gradV)) {
        float[] values = arena.read(block.offset(), block.size());
        all = Arrays.copyOf(all, all.length + values.length);
        System.arraycopy(values, 0, all, all.length - values.length, values.length);
      }
      return all;
    }
  }

  @ParameterizedTest
  @CsvSource({
    // n, tokens, c, heads, sharpness
    "2, 64, 128, 16, 1",
    "2, 16, 256, 32, 1",
    "1, 256, 32, 2, 3",
    "1, 1024, 8, 1, 1",
    "2, 20, 12, 3, 1",
    "1, 16, 32, 1, 2",
    "2, 49, 64, 1, 1",
    "3, 7, 7, 7, 1",
    "1, 1, 24, 2, 1",
    "2, 33, 40, 5, 1",
    "1, 30, 30, 3, 40",
  })
  void matchesTheDefinition(int n, int tokens, int c, int heads, float sharpness) {
    Layer l = new Layer(n, tokens, c, heads, sharpness);
    l.arena.run(l.calls);

    double[] q = l.arena.read(l.q);
    double[] k = l.arena.read(l.k);
    double[] v = l.arena.read(l.v);
    Oracle oracle = new Oracle(n, tokens, c, heads);
    List<double[]> expected = oracle.backward(q, k, v, l.arena.read(l.gradOut));
    // A weight's relative error is the absolute error of its score, which grows with the score.
    double unit = 1e-7 * (3 + sharpness);
    assertArrayEquals(oracle.forward(q, k, v), l.arena.read(l.out), unit);
    assertArrayEquals(expected.get(0), l.arena.read(l.gradQ), unit);
    assertArrayEquals(expected.get(1), l.arena.read(l.gradK), unit * sharpness);
    assertArrayEquals(expected.get(2), l.arena.read(l.gradV), 2 * unit);
  }

  @Test
  void theResultDoesNotDependOnTheNumberOfThreads() {
    Layer l = new Layer(2, 50, 48, 4, 1);
    try (JvmEngine one = new JvmEngine(1);
        JvmEngine three = new JvmEngine(3)) {
      assertArrayEquals(l.results(one), l.results(three));
    }
  }

  /** Other kernels read it, and so does the self-check of a device. */
  @Test
  void whatIsSavedIsWhatTheJvmSaves() {
    TestArena arena = new TestArena(5);
    Block q = arena.random(Block.of(0, 2, 1, 37, 24));
    Block out = arena.place(q);
    int size = Attention.savedSize(q, 3);
    int saved = arena.reserve(size);
    int scratch = arena.reserve(Attention.forwardScratch(q, 3));
    List<Call> calls = Attention.forward(q, q, q, 3, out, saved, scratch);
    arena.run(calls);
    float[] actual = arena.read(saved, size);
    try (JvmEngine jvm = new JvmEngine(1)) {
      arena.run(jvm, calls);
    }
    assertArrayEquals(arena.read(saved, size), actual, 1e-6f);
  }

  @Test
  void theOraclesGradientsAreDifferenceQuotients() {
    Oracle oracle = new Oracle(2, 5, 6, 3);
    TestArena arena = new TestArena(6);
    List<double[]> variables = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      float[] values = arena.randoms(60);
      double[] doubles = new double[values.length];
      Arrays.setAll(doubles, j -> values[j]);
      variables.add(doubles);
    }
    double[] q = variables.get(0);
    double[] k = variables.get(1);
    double[] v = variables.get(2);
    double[] gradOut = variables.get(3);
    List<double[]> gradients = oracle.backward(q, k, v, gradOut);
    double h = 1e-5;
    for (int a = 0; a < 3; a++) {
      double[] variable = variables.get(a);
      for (int i = 0; i < variable.length; i++) {
        double value = variable[i];
        variable[i] = value + h;
        double above = dot(oracle.forward(q, k, v), gradOut);
        variable[i] = value - h;
        double below = dot(oracle.forward(q, k, v), gradOut);
        variable[i] = value;
        assertEquals((above - below) / (2 * h), gradients.get(a)[i], 1e-8);
      }
    }
  }

  @Test
  void whatDoesNotFitIsRejected() {
    Block q = Block.of(16, 1, 1, 8, 30);
    assertThrows(IllegalArgumentException.class, () -> Attention.savedSize(q, 4));
    Block other = Block.of(16, 1, 1, 9, 30);
    assertThrows(IllegalArgumentException.class, () -> Attention.forward(q, q, other, 3, q, 0, 0));
    Block bordered = q.bordered(1, 1, 1, 1);
    assertThrows(
        IllegalArgumentException.class, () -> Attention.forward(q, q, q, 3, bordered, 0, 0));
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
