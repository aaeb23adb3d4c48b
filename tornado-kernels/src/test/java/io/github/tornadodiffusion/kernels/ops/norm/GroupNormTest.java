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
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Group normalisation and its gradients against the definition in double precision. */
class GroupNormTest {
  private static final float EPS = 1e-6f;

  /** The definition, NCHW. Parameters are [c], scaleShift is [n][2c] or null. */
  private record Oracle(
      int n,
      int c,
      int pixels,
      int groups,
      boolean silu,
      double[] gamma,
      double[] beta,
      double[] scaleShift) {
    double[] forward(double[] x) {
      double[] normal = normalise(x);
      double[] out = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        double z = factor(i) * (gamma[channel(i)] * normal[i] + beta[channel(i)]) + shift(i);
        out[i] = silu ? z / (1 + Math.exp(-z)) : z;
      }
      return out;
    }

    Gradients backward(double[] x, double[] gradOut) {
      double[] normal = normalise(x);
      Gradients g =
          new Gradients(new double[x.length], new double[c], new double[c], new double[n * 2 * c]);
      double[] gradNormal = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        int k = channel(i);
        double y = gamma[k] * normal[i] + beta[k];
        double z = factor(i) * y + shift(i);
        double sigmoid = 1 / (1 + Math.exp(-z));
        double dz = gradOut[i] * (silu ? sigmoid * (1 + z * (1 - sigmoid)) : 1);
        g.scaleShift[image(i) * 2 * c + k] += dz * y;
        g.scaleShift[image(i) * 2 * c + c + k] += dz;
        g.gamma[k] += dz * factor(i) * normal[i];
        g.beta[k] += dz * factor(i);
        gradNormal[i] = dz * factor(i) * gamma[k];
      }
      int size = c / groups * pixels;
      for (int from = 0; from < x.length; from += size) {
        double mean = 0;
        double product = 0;
        for (int i = from; i < from + size; i++) {
          mean += gradNormal[i] / size;
          product += gradNormal[i] * normal[i] / size;
        }
        double inverse = inverse(x, from, size);
        for (int i = from; i < from + size; i++) {
          g.x[i] = (gradNormal[i] - mean - normal[i] * product) * inverse;
        }
      }
      return g;
    }

    private double[] normalise(double[] x) {
      double[] normal = new double[x.length];
      int size = c / groups * pixels;
      for (int from = 0; from < x.length; from += size) {
        double mean = mean(x, from, size);
        double inverse = inverse(x, from, size);
        for (int i = from; i < from + size; i++) {
          normal[i] = (x[i] - mean) * inverse;
        }
      }
      return normal;
    }

    private static double mean(double[] x, int from, int size) {
      double mean = 0;
      for (int i = from; i < from + size; i++) {
        mean += x[i] / size;
      }
      return mean;
    }

    private double inverse(double[] x, int from, int size) {
      double mean = mean(x, from, size);
      double variance = 0;
      for (int i = from; i < from + size; i++) {
        variance += (x[i] - mean) * (x[i] - mean) / size;
      }
      return 1 / Math.sqrt(variance + EPS);
    }

    private int image(int i) {
      return i / (c * pixels);
    }

    private int channel(int i) {
      return i / pixels % c;
    }

    private double factor(int i) {
      return scaleShift == null ? 1 : 1 + scaleShift[image(i) * 2 * c + channel(i)];
    }

    private double shift(int i) {
      return scaleShift == null ? 0 : scaleShift[image(i) * 2 * c + c + channel(i)];
    }
  }

  private record Gradients(double[] x, double[] gamma, double[] beta, double[] scaleShift) {}

  /** One layer laid out in an arena, with everything that forward and backward write. */
  private static final class Layer {
    final TestArena arena = new TestArena(3);
    final Block x;
    final Block gamma;
    final Block beta;
    final Block scaleShift;
    final Block gradOut;
    final Block out;
    final Block gradX;
    final Block gradGamma;
    final Block gradBeta;
    final Block gradScaleShift;
    final double[] gradOutBefore;
    final double[] gradXBefore;
    final double[] gradGammaBefore;
    final List<Call> calls = new ArrayList<>();

    Layer(Block shape, int groups, boolean affine, boolean silu, float offset, int border) {
      int n = shape.n();
      int c = shape.c();
      Block plain = Block.of(0, n, shape.h(), shape.w(), c);
      x = arena.place(shape);
      float[] values = arena.randoms(shape.pixels() * c);
      for (int i = 0; i < values.length; i++) {
        values[i] += offset;
      }
      arena.fill(x, values);
      gamma = arena.random(Block.of(0, 1, 1, 1, c));
      beta = arena.random(Block.of(0, 1, 1, 1, c));
      scaleShift = arena.random(Block.of(0, n, 1, 1, 2 * c));
      gradOut = arena.random(plain);
      out = arena.place(plain.bordered(border, border, border, border));
      gradX = arena.random(plain);
      gradGamma = arena.random(Block.of(0, 1, 1, 1, c));
      gradBeta = arena.place(Block.of(0, 1, 1, 1, c));
      gradScaleShift = arena.place(Block.of(0, n, 1, 1, 2 * c));
      int gradGammaOnly = arena.reserve(c);
      Block gradXOnly = arena.place(plain);
      int eps = arena.put(EPS);
      int statistics = arena.reserve(GroupNorm.statisticsSize(x, groups));
      int scratch = arena.reserve(GroupNorm.backwardScratch(x, groups));
      Block gradOutCopy = arena.place(plain);
      arena.fill(gradOutCopy, floats(arena.read(gradOut)));
      gradOutBefore = arena.read(gradOut);
      gradXBefore = arena.read(gradX);
      gradGammaBefore = arena.read(gradGamma);
      int affineAt = affine ? scaleShift.offset() : -1;
      int gradAffineAt = affine ? gradScaleShift.offset() : -1;
      calls.addAll(
          GroupNorm.forward(
              x, groups, eps, gamma.offset(), beta.offset(), affineAt, silu, statistics, out));
      // Accumulates gradX and gradGamma, on top of a run that overwrote gradBeta.
      calls.addAll(
          GroupNorm.backward(
              x,
              groups,
              gamma.offset(),
              beta.offset(),
              affineAt,
              silu,
              statistics,
              gradOutCopy,
              gradXOnly,
              false,
              gradGammaOnly,
              gradBeta.offset(),
              false,
              gradAffineAt,
              scratch));
      calls.addAll(
          GroupNorm.backward(
              x,
              groups,
              gamma.offset(),
              beta.offset(),
              affineAt,
              silu,
              statistics,
              gradOut,
              gradX,
              true,
              gradGamma.offset(),
              gradBeta.offset(),
              true,
              gradAffineAt,
              scratch));
    }

    float[] results(Engine engine) {
      arena.run(engine, calls);
      float[] all = new float[0];
      List<Block> blocks = List.of(out, gradX, gradGamma, gradBeta, gradScaleShift);
      for (Block block : blocks) {
        float[] values = arena.read(block.offset(), block.size());
        all = Arrays.copyOf(all, all.length + values.length);
        System.arraycopy(values, 0, all, all.length - values.length, values.length);
      }
      return all;
    }
  }

  @ParameterizedTest
  @CsvSource({
    // n, c, h, w, groups, scale and shift, silu, mean, border of x, border of out
    "2, 64, 32, 32, 32, false, true, 0, 0, 1",
    "2, 32, 8, 8, 8, true, true, 0.5, 0, 1",
    "3, 5, 7, 9, 5, true, false, -3, 0, 0",
    "2, 7, 5, 6, 1, false, true, 0, 1, 2",
    "2, 12, 6, 6, 4, true, true, 1, 0, 1",
    "1, 3, 40, 33, 3, false, false, 20, 1, 1",
    "2, 3, 4, 4, 1, true, true, 0, 0, 1",
    "2, 40, 9, 4, 4, true, true, 0, 0, 1",
    "1, 48, 20, 20, 2, false, true, 0, 0, 0",
    "2, 33, 3, 3, 11, true, true, 0, 1, 0",
    "2, 4, 1, 300, 2, false, true, 0, 0, 0",
    "3, 24, 1, 1, 3, true, true, 0, 0, 0",
  })
  void matchesTheDefinition(
      int n,
      int c,
      int h,
      int w,
      int groups,
      boolean affine,
      boolean silu,
      float mean,
      int borderX,
      int borderOut) {
    Block shape = Block.of(0, n, h, w, c).bordered(borderX, borderX, borderX, borderX);
    Layer l = new Layer(shape, groups, affine, silu, mean, borderOut);
    l.arena.run(l.calls);

    double[] x = l.arena.read(l.x);
    Oracle oracle =
        new Oracle(
            n,
            c,
            h * w,
            groups,
            silu,
            l.arena.read(l.gamma),
            l.arena.read(l.beta),
            affine ? l.arena.read(l.scaleShift) : null);
    Gradients expected = oracle.backward(x, l.gradOutBefore);
    // Rounding of x itself, seen through the division by the standard deviation (0.58), counts when
    // the mean is large.
    double unit = 5e-7 * (1 + Math.abs(mean));
    assertArrayEquals(oracle.forward(x), l.arena.read(l.out), 3 * unit);
    assertArrayEquals(plus(expected.x, 1, l.gradXBefore), l.arena.read(l.gradX), 3 * unit);
    double sums = unit * (4 + 2 * Math.sqrt(n * h * w));
    assertArrayEquals(plus(expected.gamma, 1, l.gradGammaBefore), l.arena.read(l.gradGamma), sums);
    assertArrayEquals(plus(expected.beta, 2, new double[c]), l.arena.read(l.gradBeta), sums);
    if (affine) {
      assertArrayEquals(expected.scaleShift, l.arena.read(l.gradScaleShift), sums);
    }
  }

  @Test
  void aLargeMeanDoesNotDrownTheVariance() {
    Layer l = new Layer(Block.of(0, 2, 24, 24, 8), 4, false, false, 1000, 0);
    l.arena.run(l.calls);
    Oracle oracle =
        new Oracle(2, 8, 576, 4, false, l.arena.read(l.gamma), l.arena.read(l.beta), null);
    // The mean itself is only known to half a unit in its last place, 3e-5.
    assertArrayEquals(oracle.forward(l.arena.read(l.x)), l.arena.read(l.out), 2e-4);
  }

  @Test
  void theResultDoesNotDependOnTheNumberOfThreads() {
    Layer l = new Layer(Block.of(0, 4, 32, 32, 40), 8, true, true, 0, 1);
    try (JvmEngine one = new JvmEngine(1);
        JvmEngine three = new JvmEngine(3)) {
      assertArrayEquals(l.results(one), l.results(three));
    }
  }

  @Test
  void theOraclesGradientsAreDifferenceQuotients() {
    TestArena arena = new TestArena(5);
    int n = 2;
    int c = 6;
    int pixels = 5;
    double[] x = doubles(arena.randoms(n * c * pixels));
    double[] gradOut = doubles(arena.randoms(x.length));
    double[] gamma = doubles(arena.randoms(c));
    double[] beta = doubles(arena.randoms(c));
    double[] scaleShift = doubles(arena.randoms(n * 2 * c));
    Oracle oracle = new Oracle(n, c, pixels, 3, true, gamma, beta, scaleShift);
    Gradients g = oracle.backward(x, gradOut);
    assertSlopes(g.x, x, oracle, x, gradOut);
    assertSlopes(g.gamma, gamma, oracle, x, gradOut);
    assertSlopes(g.beta, beta, oracle, x, gradOut);
    assertSlopes(g.scaleShift, scaleShift, oracle, x, gradOut);
  }

  private static void assertSlopes(
      double[] gradient, double[] variable, Oracle oracle, double[] x, double[] gradOut) {
    double h = 1e-5;
    for (int i = 0; i < variable.length; i++) {
      double value = variable[i];
      variable[i] = value + h;
      double above = dot(oracle.forward(x), gradOut);
      variable[i] = value - h;
      double below = dot(oracle.forward(x), gradOut);
      variable[i] = value;
      assertEquals((above - below) / (2 * h), gradient[i], 1e-8);
    }
  }

  @Test
  void whatDoesNotFitIsRejected() {
    Block x = Block.of(16, 1, 8, 8, 30);
    assertThrows(IllegalArgumentException.class, () -> GroupNorm.statisticsSize(x, 4));
    Block other = Block.of(16, 1, 8, 9, 30);
    assertThrows(
        IllegalArgumentException.class, () -> GroupNorm.forward(x, 3, 0, 0, 0, -1, true, 0, other));
    Block bordered = x.bordered(1, 1, 1, 1);
    assertThrows(
        IllegalArgumentException.class,
        () -> GroupNorm.backward(x, 3, 0, 0, -1, true, 0, bordered, x, false, 0, 0, false, -1, 0));
  }

  private static double[] plus(double[] a, int times, double[] b) {
    double[] sum = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = times * a[i] + b[i];
    }
    return sum;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
