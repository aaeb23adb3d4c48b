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
  /** The definition; tensors are [n][c][tokens], the bias is [n][keys] or null. */
  private record Oracle(
      int n, int queries, int keys, int c, int heads, float[] bias, boolean causal) {
    double[] forward(double[] q, double[] k, double[] v) {
      double[] out = new double[q.length];
      int d = c / heads;
      for (int head = 0; head < n * heads; head++) {
        for (int i = 0; i < queries; i++) {
          double[] p = weights(q, k, head, i);
          for (int e = 0; e < d; e++) {
            for (int j = 0; j < keys; j++) {
              out[at(head, e, i, queries)] += p[j] * v[at(head, e, j, keys)];
            }
          }
        }
      }
      return out;
    }

    /** The gradients of q, k and v. */
    List<double[]> backward(double[] q, double[] k, double[] v, double[] gradOut) {
      double[] gradQ = new double[q.length];
      double[] gradK = new double[k.length];
      double[] gradV = new double[k.length];
      int d = c / heads;
      double scale = 1 / Math.sqrt(d);
      for (int head = 0; head < n * heads; head++) {
        for (int i = 0; i < queries; i++) {
          double[] p = weights(q, k, head, i);
          double[] gradP = new double[keys];
          double mean = 0;
          for (int j = 0; j < keys; j++) {
            for (int e = 0; e < d; e++) {
              gradP[j] += gradOut[at(head, e, i, queries)] * v[at(head, e, j, keys)];
              gradV[at(head, e, j, keys)] += p[j] * gradOut[at(head, e, i, queries)];
            }
            mean += p[j] * gradP[j];
          }
          for (int j = 0; j < keys; j++) {
            double gradScore = p[j] * (gradP[j] - mean) * scale;
            for (int e = 0; e < d; e++) {
              gradQ[at(head, e, i, queries)] += gradScore * k[at(head, e, j, keys)];
              gradK[at(head, e, j, keys)] += gradScore * q[at(head, e, i, queries)];
            }
          }
        }
      }
      return List.of(gradQ, gradK, gradV);
    }

    private double[] weights(double[] q, double[] k, int head, int i) {
      int d = c / heads;
      double[] p = new double[keys];
      double max = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < keys; j++) {
        for (int e = 0; e < d; e++) {
          p[j] += q[at(head, e, i, queries)] * k[at(head, e, j, keys)] / Math.sqrt(d);
        }
        if (bias != null) {
          p[j] += bias[head / heads * keys + j];
        }
        if (causal && j > i) {
          p[j] = Double.NEGATIVE_INFINITY;
        }
        max = Math.max(max, p[j]);
      }
      double sum = 0;
      for (int j = 0; j < keys; j++) {
        p[j] = Math.exp(p[j] - max);
        sum += p[j];
      }
      for (int j = 0; j < keys; j++) {
        p[j] /= sum;
      }
      return p;
    }

    private int at(int head, int e, int token, int tokens) {
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
    final float[] bias;
    final List<Call> calls = new ArrayList<>();

    Layer(int n, int tokens, int keys, int c, int heads, float sharpness, String masks) {
      Block shape = Block.of(0, n, 1, tokens, c);
      Block other = Block.of(0, n, 1, keys, c);
      q = arena.place(shape);
      float[] values = arena.randoms(n * tokens * c);
      for (int i = 0; i < values.length; i++) {
        values[i] *= sharpness;
      }
      arena.fill(q, values);
      k = arena.random(other);
      v = arena.random(other);
      gradOut = arena.random(shape);
      out = arena.place(shape);
      gradQ = arena.place(shape);
      gradK = arena.place(other);
      gradV = arena.place(other);
      bias = masks.contains("bias") ? new float[n * keys] : null;
      int at = -1;
      if (bias != null) {
        // The last half of them is hidden.
        for (int i = 0; i < bias.length; i++) {
          bias[i] = i % keys > keys / 2 ? -1e30f : 0.1f * (i % 7);
        }
        Block biases = arena.place(Block.of(0, n, 1, 1, keys));
        arena.fill(biases, bias);
        at = biases.offset();
      }
      Attention.Mask mask = new Attention.Mask(at, masks.contains("causal"));
      int saved = arena.reserve(Attention.savedSize(q, heads));
      int forwardScratch = arena.reserve(Attention.forwardScratch(q, heads));
      int backwardScratch = arena.reserve(Attention.backwardScratch(q, k, heads));
      calls.addAll(Attention.forward(q, k, v, heads, mask, out, saved, forwardScratch));
      calls.addAll(
          Attention.backward(
              q, k, v, heads, mask, out, saved, gradOut, gradQ, gradK, gradV, backwardScratch));
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
    // n, queries, keys, c, heads, sharpness, masks
    "2, 64, 64, 128, 16, 1, none",
    "2, 16, 16, 256, 32, 1, none",
    "1, 256, 256, 32, 2, 3, none",
    "1, 1024, 1024, 8, 1, 1, none",
    "2, 20, 20, 12, 3, 1, none",
    "1, 16, 16, 32, 1, 2, none",
    "2, 49, 49, 64, 1, 1, none",
    "3, 7, 7, 7, 7, 1, none",
    "1, 1, 1, 24, 2, 1, none",
    "2, 33, 33, 40, 5, 1, none",
    "1, 30, 30, 30, 3, 40, none",
    "2, 64, 77, 40, 5, 1, none",
    "1, 5, 40, 24, 3, 1, none",
    "2, 50, 7, 33, 3, 2, bias",
    "2, 33, 33, 40, 5, 1, causal",
    "1, 77, 77, 64, 4, 2, causal",
    "2, 21, 21, 12, 3, 1, causal and bias",
    "1, 1, 1, 8, 1, 1, causal",
  })
  void matchesTheDefinition(
      int n, int queries, int keys, int c, int heads, float sharpness, String masks) {
    Layer l = new Layer(n, queries, keys, c, heads, sharpness, masks);
    l.arena.run(l.calls);

    double[] q = l.arena.read(l.q);
    double[] k = l.arena.read(l.k);
    double[] v = l.arena.read(l.v);
    Oracle oracle = new Oracle(n, queries, keys, c, heads, l.bias, masks.contains("causal"));
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
    Layer l = new Layer(2, 50, 50, 48, 4, 1, "none");
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
    List<Call> calls = Attention.forward(q, q, q, 3, Attention.Mask.NONE, out, saved, scratch);
    arena.run(calls);
    float[] actual = arena.read(saved, size);
    try (JvmEngine jvm = new JvmEngine(1)) {
      arena.run(jvm, calls);
    }
    assertArrayEquals(arena.read(saved, size), actual, 1e-6f);
  }

  @Test
  void theOraclesGradientsAreDifferenceQuotients() {
    Oracle oracle = new Oracle(2, 5, 5, 6, 3, new float[] {0, 1, 0, -9, 0, 0, -1, 0, 2, 0}, true);
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
    Attention.Mask none = Attention.Mask.NONE;
    assertThrows(
        IllegalArgumentException.class, () -> Attention.forward(q, q, other, 3, none, q, 0, 0));
    Block bordered = q.bordered(1, 1, 1, 1);
    assertThrows(
        IllegalArgumentException.class, () -> Attention.forward(q, q, q, 3, none, bordered, 0, 0));
    Attention.Mask causal = new Attention.Mask(-1, true);
    assertThrows(
        IllegalArgumentException.class,
        () -> Attention.forward(q, other, other, 3, causal, q, 0, 0));
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
