package io.github.tornadodiffusion.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** One thread and three threads agree to the last bit, on shapes large enough to be shared. */
class ThreadsTest {
  @Test
  void resultsDoNotDependOnTheNumberOfThreads() {
    TestArena arena = new TestArena(6);
    Block x = arena.random(Block.of(0, 3, 19, 17, 40));
    Block g = arena.random(x);
    Block bordered = arena.place(x.bordered(1, 1, 1, 1));
    Block big = arena.place(Block.of(0, 3, 38, 34, 40));
    Block back = arena.place(x);
    Block soft = arena.place(x);
    int sums = arena.reserve(3 * 48);
    int losses = arena.reserve(3);
    List<Call> calls =
        List.of(
            Elementwise.silu(x, bordered),
            Elementwise.siluBackward(x, g, g, true),
            Elementwise.softmax(g, soft),
            Resample.nearest(x, big),
            Resample.nearestBackward(big, back, false),
            Reduce.sumPixels(big, sums),
            Loss.meanSquaredError(x, soft, losses));
    float[][] results = new float[2][];
    for (int i = 0; i < 2; i++) {
      try (JvmEngine engine = new JvmEngine(1 + 2 * i)) {
        arena.run(engine, calls);
        results[i] = arena.read(0, losses + 3);
      }
    }
    assertArrayEquals(results[0], results[1]);
  }
}
