package io.github.tornadodiffusion.kernels.ops.optimizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Golden;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against PyTorch's and diffusers' own numbers, and against the equations on lengths of several
 * chunks.
 */
class OptimizerTest {
  private static final Golden GOLDEN = new Golden("train_utils.safetensors");

  private final TestArena arena = new TestArena(8);

  @ParameterizedTest
  @CsvSource({"adamw, 4e-4, 0.9, 0.01", "adamw_095_beta, 1e-3, 0.95, 1e-6", "adam, 4e-4, 0.9, 0"})
  void adamWAgreesWithTorch(String name, float learningRate, float beta1, float weightDecay) {
    float[] steps = GOLDEN.tensor("opt." + name + ".params");
    float[] gradients = GOLDEN.tensor("opt." + name + ".grads");
    int parameters = arena.put(row(steps, 0));
    int first = arena.put(new float[16]);
    int second = arena.put(new float[16]);
    List<Call> calls = new ArrayList<>();
    for (int step = 1; step <= 6; step++) {
      int gradient = arena.put(row(gradients, step - 1));
      int hyper =
          arena.put(
              OptimizerCalls.hyper(learningRate, beta1, 0.999f, 1e-8f, weightDecay, step, 0, 0));
      calls.add(OptimizerCalls.adamW(parameters, gradient, first, second, 16, hyper));
      Block copy = arena.place(Block.of(0, 1, 1, 1, 10));
      calls.add(Elementwise.copy(copy.at(parameters), copy, false));
    }
    arena.run(calls);
    for (int step = 1; step <= 6; step++) {
      float[] actual = arena.read(calls.get(2 * step - 1).descriptor()[Rows.OUT], 16);
      assertArrayEquals(row(steps, step), actual, 2.5e-7f, "step " + step);
    }
  }

  /** Row i of a matrix of ten columns, with the zeros that pad parameters and gradients to 16. */
  private static float[] row(float[] matrix, int i) {
    return Arrays.copyOf(Arrays.copyOfRange(matrix, 10 * i, 10 * i + 10), 16);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 4096, 4112, 40_000})
  void adamWFollowsItsEquation(int length) {
    float[] p = arena.randoms(length);
    float[] g = arena.randoms(length);
    float[] m = arena.randoms(length);
    float[] v = arena.randoms(length);
    for (int i = 0; i < length; i++) {
      v[i] = Math.abs(v[i]);
    }
    int parameters = arena.put(p);
    int gradients = arena.put(g);
    int first = arena.put(m);
    int second = arena.put(v);
    float[] values = OptimizerCalls.hyper(0.1f, 0.9f, 0.99f, 1e-3f, 0.5f, 4, 0, 0);
    values[OptimizerCalls.GRAD_SCALE] = 0.25f;
    int hyper = arena.put(values);
    arena.run(OptimizerCalls.adamW(parameters, gradients, first, second, length, hyper));
    float[] newP = arena.read(parameters, length);
    float[] newM = arena.read(first, length);
    float[] newV = arena.read(second, length);
    for (int i = 0; i < length; i++) {
      double gradient = 0.25 * g[i];
      double moment1 = 0.9 * m[i] + 0.1 * gradient;
      double moment2 = 0.99 * v[i] + 0.01 * gradient * gradient;
      double corrected1 = moment1 / (1 - Math.pow(0.9, 4));
      double corrected2 = moment2 / (1 - Math.pow(0.99, 4));
      double expected = p[i] * (1 - 0.1 * 0.5) - 0.1 * corrected1 / (Math.sqrt(corrected2) + 1e-3);
      assertEquals(moment1, newM[i], 1e-6);
      assertEquals(moment2, newV[i], 1e-6);
      assertEquals(expected, newP[i], 2e-6 * (1 + Math.abs(expected)));
    }
  }

  /** The golden decays are those of EMAModel.get_decay at each step. */
  @Test
  void emaAgreesWithDiffusers() {
    float[] parameters = GOLDEN.tensor("ema.default.params");
    float[] shadows = GOLDEN.tensor("ema.default.shadow");
    int shadow = arena.put(Arrays.copyOf(parameters, 6));
    List<Call> calls = new ArrayList<>();
    for (int step = 0; step < 12; step++) {
      int current = arena.put(Arrays.copyOfRange(parameters, 6 * step + 6, 6 * step + 12));
      float decay = step == 0 ? 0 : (1f + step) / (10 + step);
      int hyper = arena.put(OptimizerCalls.hyper(0, 0, 0, 0, 0, 1, 0, decay));
      calls.add(OptimizerCalls.ema(shadow, current, 16, hyper));
      Block copy = arena.place(Block.of(0, 1, 1, 1, 6));
      calls.add(Elementwise.copy(copy.at(shadow), copy, false));
    }
    arena.run(calls);
    for (int step = 0; step < 12; step++) {
      float[] actual = arena.read(calls.get(2 * step + 1).descriptor()[Rows.OUT], 6);
      assertArrayEquals(
          Arrays.copyOfRange(shadows, 6 * step, 6 * step + 6), actual, 2.5e-7f, "step " + step);
    }
  }

  @Test
  void clippingAgreesWithTorch() {
    float[] before = Arrays.copyOf(GOLDEN.tensor("clip.grad0.before"), 16);
    float[] second = GOLDEN.tensor("clip.grad1.before");
    System.arraycopy(second, 0, before, 4, second.length);
    int gradients = arena.put(before);
    int hyper = arena.put(OptimizerCalls.hyper(0, 0, 0, 0, 0, 1, 1f, 0));
    int scratch = arena.reserve(OptimizerCalls.clipScratch(16));
    arena.run(OptimizerCalls.clip(gradients, 16, hyper, scratch));
    float[] results = arena.read(hyper, OptimizerCalls.HYPER_SIZE);
    assertEquals(2.546099901199341, results[OptimizerCalls.GRAD_NORM], 3e-7);
    float[] after = Arrays.copyOf(GOLDEN.tensor("clip.grad0.after"), 10);
    System.arraycopy(GOLDEN.tensor("clip.grad1.after"), 0, after, 4, 6);
    for (int i = 0; i < after.length; i++) {
      assertEquals(after[i], before[i] * results[OptimizerCalls.GRAD_SCALE], 1.2e-7);
    }
  }

  @ParameterizedTest
  @CsvSource({"16, 0.5", "4096, 3", "4112, 1000", "70000, 2", "70000, 0", "70000, -1"})
  void normAndScaleOfManyChunks(int length, float max) {
    float[] g = arena.randoms(length);
    int gradients = arena.put(g);
    int hyper = arena.put(OptimizerCalls.hyper(0, 0, 0, 0, 0, 1, max, 0));
    int scratch = arena.reserve(OptimizerCalls.clipScratch(length));
    arena.run(OptimizerCalls.clip(gradients, length, hyper, scratch));
    double norm = 0;
    for (float v : g) {
      norm += (double) v * v;
    }
    norm = Math.sqrt(norm);
    float[] results = arena.read(hyper, OptimizerCalls.HYPER_SIZE);
    assertEquals(norm, results[OptimizerCalls.GRAD_NORM], 1e-6 * norm);
    double scale = max > 0 ? Math.min(1, max / (norm + 1e-6)) : 1;
    assertEquals(scale, results[OptimizerCalls.GRAD_SCALE], 1e-6);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 4112, 40_000})
  void clearsAllAndNothingElse(int length) {
    int before = arena.put(3);
    int gradients = arena.put(arena.randoms(length));
    int behind = arena.put(4);
    arena.run(OptimizerCalls.clear(gradients, length));
    assertArrayEquals(new float[length], arena.read(gradients, length));
    assertEquals(3, arena.read(before, 1)[0]);
    assertEquals(4, arena.read(behind, 1)[0]);
  }

  @Test
  void badLengthsAndStepsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> OptimizerCalls.ema(0, 16, 15, 32));
    assertThrows(
        IllegalArgumentException.class, () -> OptimizerCalls.hyper(0, 0, 0, 0, 0, 0, 0, 0));
  }
}
