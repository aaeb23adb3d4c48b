package io.github.tornadodiffusion.kernels.jvm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.attention.Attention;
import io.github.tornadodiffusion.kernels.ops.conv.Conv;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNorm;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The engine without vectors computes what the jvm engine computes, up to the order of sums. */
class ScalarTest {
  private static float[] run(Engine engine, TestArena arena, List<Call> calls, Block from, int to) {
    arena.run(engine, calls);
    return arena.read(from.offset(), to - from.offset());
  }

  @Test
  void kernelsWithHelpersLoopsAndRegisterTilesAgree() {
    TestArena arena = new TestArena(7);
    Block x = arena.random(Block.of(0, 2, 6, 5, 40));
    int weights = arena.put(arena.randoms(Conv.weightSize(1, 1, 40, 40)));
    int scratch = arena.put(new float[1 << 17]);
    int saved = arena.put(new float[Attention.savedSize(x, 5)]);
    int affine = arena.put(arena.randoms(48));
    Block y = arena.place(x);
    Block g = arena.place(x);
    Block z = arena.place(x);
    Block gelu = arena.place(x);
    Block soft = arena.place(x);
    List<Call> calls = new ArrayList<>();
    calls.add(Conv.forward(x, weights, 1, 1, 1, -1, -1, -1, y));
    calls.addAll(GroupNorm.forward(y, 8, affine, affine, affine, -1, true, scratch, g));
    calls.addAll(Attention.forward(x, y, g, 5, Attention.Mask.NONE, z, saved, scratch));
    calls.add(Activation.GELU.forward(z, gelu));
    calls.add(Elementwise.softmax(gelu, soft));
    int end = soft.offset() + soft.size();
    try (Engine vectors = new JvmEngine(1);
        Engine scalar = JvmEngine.scalar()) {
      assertEquals("java", scalar.device());
      float[] expected = run(vectors, arena, calls, y, end);
      float[] actual = run(scalar, arena, calls, y, end);
      // Between the blocks there is junk.
      assertNotEquals(0, expected[soft.offset() - y.offset()]);
      assertArrayEquals(expected, actual, 1e-4f);
    }
  }
}
