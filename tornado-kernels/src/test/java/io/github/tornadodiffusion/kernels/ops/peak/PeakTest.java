package io.github.tornadodiffusion.kernels.ops.peak;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.TestArena;
import org.junit.jupiter.api.Test;

class PeakTest {
  private final TestArena arena = new TestArena(5);

  @Test
  void everyElementIsMultipliedAndAddedSoManyTimes() {
    int rows = 7;
    int times = 33;
    int floats = rows * Peak.ROW;
    float[] values = arena.randoms(floats);
    int x = arena.put(values);
    int y = arena.reserve(floats);
    int constants = arena.put(0.9f, -0.2f);
    double[] expected = new double[floats];
    for (int i = 0; i < floats; i++) {
      expected[i] = values[i];
      for (int k = 0; k < times; k++) {
        expected[i] = expected[i] * 0.9f - 0.2f;
      }
    }
    Call call = Peak.multiplyAdd(rows, times, constants, constants + 1, x, y);
    arena.run(call);
    float[] actual = arena.read(y, floats);
    for (int i = 0; i < floats; i++) {
      assertEquals(expected[i], actual[i], 1e-5, "element " + i);
    }
    assertEquals(2.0 * times * floats, call.flops());
  }
}
