package io.github.tornadodiffusion.kernels.jvm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.loss.Loss;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerCalls;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import io.github.tornadodiffusion.kernels.ops.resample.Resample;
import java.util.ArrayList;
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
    int length = 100_000;
    int p = arena.put(arena.randoms(length));
    int gradients = arena.put(arena.randoms(length));
    int moments = arena.put(new float[2 * length]);
    int shadow = arena.put(arena.randoms(length));
    int hyper = arena.put(OptimizerCalls.hyper(1e-3f, 0.9f, 0.999f, 1e-8f, 1e-2f, 1, 1, 0.5f));
    int scratch = arena.reserve(OptimizerCalls.clipScratch(length));
    int seed = arena.put(Noise.seedBlock(1, 2, 3));
    Block noise = arena.place(x.bordered(1, 0, 0, 1));
    List<Call> calls = new ArrayList<>(OptimizerCalls.clip(gradients, length, hyper, scratch));
    calls.addAll(
        List.of(
            OptimizerCalls.adamW(p, gradients, moments, moments + length, length, hyper),
            OptimizerCalls.ema(shadow, p, length, hyper),
            Noise.gaussian(seed, noise),
            Activation.SILU.forward(x, bordered),
            Activation.SILU.backward(x, g, g, true),
            Elementwise.softmax(g, soft),
            Resample.nearest(x, big),
            Resample.nearestBackward(big, back, false),
            Reduce.sumPixels(big, sums),
            Loss.meanSquaredError(x, soft, losses)));
    float[][] results = new float[2][];
    for (int i = 0; i < 2; i++) {
      try (JvmEngine engine = new JvmEngine(1 + 2 * i)) {
        arena.run(engine, calls);
        results[i] = arena.read(0, noise.offset() + noise.size());
      }
    }
    assertArrayEquals(results[0], results[1]);
  }
}
