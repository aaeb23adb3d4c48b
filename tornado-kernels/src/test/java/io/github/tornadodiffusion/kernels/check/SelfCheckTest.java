package io.github.tornadodiffusion.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class SelfCheckTest {
  private static final Block X = Block.of(16, 2, 3, 5, 7);
  private static final Block Y = X.at(16 + X.size());
  private static final int FLOATS = 16 + 2 * X.size();

  private final List<Integer> heard = new ArrayList<>();

  /** A device that runs every program on the jvm engine and then adds to one float. */
  private static final class Faulty implements Engine {
    private final Engine jvm = new JvmEngine(1);
    private final int index;
    private final float error;
    private int faultyRuns = Integer.MAX_VALUE;
    private int runs;

    Faulty(int index, float error) {
      this.index = index;
      this.error = error;
    }

    @Override
    public String device() {
      return "faulty:0";
    }

    @Override
    public Variants variants() {
      return Variants.LANES;
    }

    @Override
    public Session open(int floats, List<Program> programs) {
      Session session = jvm.open(floats, programs);
      return new Session() {
        @Override
        public void write(int offset, float[] source, int from, int length) {
          session.write(offset, source, from, length);
        }

        @Override
        public void read(int offset, float[] target, int from, int length) {
          session.read(offset, target, from, length);
        }

        @Override
        public void run(Program program) {
          runs++;
          session.run(program);
          float[] value = new float[1];
          session.read(index, value, 0, 1);
          value[0] += runs <= faultyRuns ? error : 0;
          session.write(index, value, 0, 1);
        }

        @Override
        public Measurement measure(Program program) {
          return session.measure(program);
        }

        @Override
        public void close() {
          session.close();
        }
      };
    }

    @Override
    public void close() {
      jvm.close();
    }
  }

  private SelfCheck check(Engine device) {
    return new SelfCheck(device, JvmEngine::new, (what, done, all) -> heard.add(done));
  }

  private static float[] content() {
    SplittableRandom random = new SplittableRandom(1);
    float[] arena = new float[FLOATS];
    for (int i = 16; i < FLOATS; i++) {
      arena[i] = (float) (2 * random.nextDouble() - 1);
    }
    return arena;
  }

  private static Trial trial(Call... calls) {
    return new Trial("layer", List.of(calls), FLOATS, List.of(), SelfCheckTest::content);
  }

  @Test
  void aDeviceThatComputesAlikePassesAndIsAskedOnlyOnce() {
    Faulty good = new Faulty(X.offset(), 0);
    SelfCheck check = check(good);
    Trial silu = trial(Activation.SILU.forward(X, Y), Activation.SILU.forward(Y, X));
    check.prove(List.of(silu, silu));
    check.prove(List.of(silu));
    assertEquals(2, good.runs);
    assertEquals(List.of(1, 2), heard);
    check.prove(List.of(silu, trial(Elementwise.add(X, X, Y))));
    assertEquals(3, good.runs);
  }

  @Test
  void aWrongKernelIsNamedWithItsLayer() {
    Trial silu = trial(Activation.SILU.forward(X, Y));
    SelfCheck check = check(new Faulty(Y.offset() + 17, 1e-3f));
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> check.prove(List.of(silu)));
    for (String part : List.of("Activation.silu", "layer", "faulty:0", "--no-self-check")) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
    assertThrows(IllegalStateException.class, () -> check.prove(List.of(silu)), "and stays wrong");
  }

  /** Rounding of large numbers is not held against a later call that writes small ones. */
  @Test
  void aCallIsJudgedWithoutTheRoundingOfThoseBeforeIt() {
    Faulty rounding = new Faulty(Y.offset() + 17, 2e-5f);
    rounding.faultyRuns = 1;
    Supplier<float[]> content =
        () -> {
          float[] arena = content();
          Arrays.fill(arena, X.offset(), X.offset() + 16, -12f);
          return arena;
        };
    Block small = Block.of(X.offset(), 1, 1, 1, 16);
    check(rounding)
        .prove(
            List.of(
                new Trial(
                    "layer",
                    List.of(Activation.SILU.forward(X, Y), Activation.SILU.forward(small, small)),
                    FLOATS,
                    List.of(),
                    content)));
    assertEquals(2, rounding.runs);
  }

  @Test
  void whatACallMustNotTouchIsComparedToo() {
    Trial silu = trial(Activation.SILU.forward(X, Y));
    SelfCheck check = check(new Faulty(X.offset() + 3, 1e-3f));
    assertThrows(IllegalStateException.class, () -> check.prove(List.of(silu)));
  }

  @Test
  void whatIsLeftInScratchMemoryDoesNotMatter() {
    Trial silu =
        new Trial(
            "layer",
            List.of(Activation.SILU.forward(X, Y)),
            FLOATS,
            List.of(new Program.Range(X.offset(), 16)),
            SelfCheckTest::content);
    check(new Faulty(X.offset() + 3, 1)).prove(List.of(silu));
    SelfCheck check = check(new Faulty(X.offset() + 16, 1));
    assertThrows(IllegalStateException.class, () -> check.prove(List.of(silu)));
  }

  @Test
  void notANumberIsWrong() {
    Trial silu = trial(Activation.SILU.forward(X, Y));
    SelfCheck check = check(new Faulty(Y.offset(), Float.NaN));
    assertThrows(IllegalStateException.class, () -> check.prove(List.of(silu)));
  }

  @Test
  void roundingIsNotWrong() {
    Trial silu = trial(Activation.SILU.forward(X, Y));
    check(new Faulty(Y.offset(), 1e-6f)).prove(List.of(silu));
  }
}
