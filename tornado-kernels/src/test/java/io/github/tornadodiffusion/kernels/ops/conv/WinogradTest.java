package io.github.tornadodiffusion.kernels.ops.conv;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.TestArena;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.check.CallCheck;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Winograd's filtering step by step; its results as a whole are in {@link ConvTest}. */
class WinogradTest {
  private static final Variants EVERYWHERE = Variants.LANES.with(Capability.WINOGRAD_EVERYWHERE);
  private static final Variants WHERE_IT_PAYS = Variants.LANES.with(Capability.WINOGRAD);

  private final TestArena arena = new TestArena(11);

  /** A convolution with everything that it can add, and its gradients. */
  private List<Call> calls(int n, int h, int w, int cin, int cout) {
    Block in = arena.random(Block.of(0, n, h, w, cin).bordered(1, 1, 1, 1));
    Block out = arena.random(Block.of(0, n, h, w, cout));
    Block gradOut = arena.random(Block.of(0, n, h, w, cout).bordered(1, 1, 1, 1));
    Block plain = arena.random(Block.of(0, n, h, w, cout));
    Block gradIn = arena.random(Block.of(0, n, h, w, cin));
    Block bias = arena.random(Block.of(0, 1, 1, 1, cout));
    Block perImage = arena.random(Block.of(0, n, 1, 1, cout));
    int size = Conv.weightSize(3, 3, cin, cout);
    int weights = arena.put(arena.randoms(size));
    int gradient = arena.put(arena.randoms(size));
    int own = out.offset();
    return List.of(
        Conv.forward(in, weights, 3, 3, 1, bias.offset(), perImage.offset(), own, out),
        Conv.forward(in, weights, 3, 3, 1, bias.offset(), -1, -1, plain),
        Conv.inputGradient(gradOut, weights, 3, 3, true, gradIn),
        Conv.weightGradient(in, plain, 3, 3, 1, gradient, true),
        Conv.weightGradient(in, plain, 3, 3, 1, gradient, false));
  }

  /** Each kernel against its oracle, on patches that fill the image and patches that do not. */
  @ParameterizedTest
  @CsvSource({
    "2, 8, 8, 16, 32",
    "1, 5, 7, 7, 20", // beyond the edges, with padding channels
    "3, 4, 4, 48, 40",
    "1, 1, 2, 3, 3",
    "9, 48, 44, 16, 16", // more patches than go together
    "2, 8, 8, 160, 64", // weights in several groups of columns
  })
  void everyStepIsWhatItsOracleSays(int n, int h, int w, int cin, int cout) {
    List<Call> calls = calls(n, h, w, cin, cout);
    int end = arena.reserve(16);
    try (JvmEngine jvm = new JvmEngine(2)) {
      for (Call call : calls) {
        int scratch = EVERYWHERE.scratch(List.of(program(List.of(call))));
        TestArena steps = arena;
        steps.run(jvm, List.of());
        float[] before = Arrays.copyOf(steps.read(0, end), end + scratch);
        List<Call> made = EVERYWHERE.of(call, end);
        assertTrue(made.size() > 1, "more than one kernel");
        for (Call step : made) {
          // A kernel that is made of others would be made of them again.
          Program one = program(List.of(step));
          float[] after = new float[before.length];
          try (var session = jvm.open(before.length, List.of(one))) {
            session.write(0, before, 0, before.length);
            session.run(one);
            session.read(0, after, 0, after.length);
          }
          float[] known = before;
          double error = new CallCheck(step, i -> known[i]).errorWhereDefined(i -> after[i]);
          assertTrue(error < 2e-6, step.kernel().id() + " is off by " + error);
          before = after;
        }
      }
    }
  }

  @Test
  void bitsDependNeitherOnThreadsNorOnWhatIsComputedBefore() {
    List<Call> calls = calls(5, 16, 16, 48, 64);
    int end = arena.reserve(16);
    List<float[]> results = new ArrayList<>();
    for (int threads = 1; threads <= 3; threads++) {
      try (JvmEngine jvm = new JvmEngine(threads)) {
        for (int i = 0; i < 2; i++) {
          arena.run(jvm, calls);
          results.add(arena.read(0, end));
        }
      }
    }
    results.forEach(result -> assertArrayEquals(results.getFirst(), result));
  }

  @Test
  void itIsChosenWhereItPays() {
    assertTrue(isWinograd(8, 32, 32, 64, 64, 3, 1));
    assertTrue(isWinograd(64, 8, 8, 64, 32, 3, 1));
    assertTrue(isWinograd(8, 32, 32, 3, 64, 3, 1));
    assertTrue(isWinograd(16, 4, 4, 256, 256, 3, 1));
    assertEquals(false, isWinograd(8, 32, 32, 3, 20, 3, 1), "few channels");
    assertEquals(false, isWinograd(1, 8, 8, 512, 512, 3, 1), "few patches");
    assertEquals(false, isWinograd(2, 8, 8, 64, 64, 3, 1), "few channels of all patches");
    assertEquals(false, isWinograd(64, 5, 5, 64, 64, 3, 1), "mostly beyond the edge");
    assertEquals(false, isWinograd(8, 32, 32, 64, 64, 1, 1), "no 3 x 3 weights");
    assertEquals(false, isWinograd(8, 32, 32, 64, 64, 3, 2), "stride");
  }

  private boolean isWinograd(int n, int h, int w, int cin, int cout, int kernel, int stride) {
    int border = kernel / 2;
    Block in = Block.of(16, n, h, w, cin).bordered(border, border, border, border);
    Block out = Block.of(16, n, (h - 1) / stride + 1, (w - 1) / stride + 1, cout);
    Call forward = Conv.forward(in, 16, kernel, kernel, stride, -1, -1, -1, out);
    Call gradient = Conv.weightGradient(in, out, kernel, kernel, stride, 16, false);
    boolean chosen = WHERE_IT_PAYS.of(forward, 16).size() > 1;
    boolean inGradient =
        WHERE_IT_PAYS.of(gradient, 16).stream()
            .anyMatch(call -> call.kernel().id().startsWith("Winograd"));
    assertEquals(chosen, inGradient);
    assertEquals(List.of(forward), Variants.LANES.of(forward, 16));
    return chosen;
  }

  @Test
  void memoryDoesNotGrowWithTheBatch() {
    Program few = program(List.of(forward(32)));
    Program many = program(List.of(forward(320)));
    assertNotEquals(0, WHERE_IT_PAYS.scratch(List.of(few)));
    assertEquals(WHERE_IT_PAYS.scratch(List.of(few)), WHERE_IT_PAYS.scratch(List.of(many)));
  }

  private static Call forward(int n) {
    Block in = Block.of(16, n, 32, 32, 64).bordered(1, 1, 1, 1);
    return Conv.forward(in, 16, 3, 3, 1, -1, -1, -1, Block.of(16, n, 32, 32, 64));
  }

  private static Program program(List<Call> calls) {
    return new Program("test", calls, calls.stream().map(c -> "").toList(), List.of(), List.of());
  }
}
