package io.github.tornadodiffusion.experiments.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

class PaceTest {
  /** A clock that stands still but for runs, which take as long as they are told. */
  private static final class Clock {
    private final IntToDoubleFunction seconds;
    private long now;
    private int runs;

    Clock(IntToDoubleFunction seconds) {
      this.seconds = seconds;
    }

    void run() {
      now += Math.round(seconds.applyAsDouble(runs++) * 1e9);
    }

    double pace(int most) {
      return Pace.steady(this::run, most, () -> now);
    }

    double elapsed() {
      return now * 1e-9;
    }
  }

  /** As a training step of the digits was seen to: 50 times slower at first, then in two stairs. */
  @Test
  void firstRunsThatAreSlowDoNotCount() {
    Clock clock = new Clock(run -> run == 0 ? 4 : run < 5 ? 0.6 : run < 15 ? 0.16 : 0.1);
    assertEquals(0.1, clock.pace(1_000_000), 1e-9);
    assertTrue(clock.elapsed() < 10.2, "it took " + clock.elapsed());
  }

  @Test
  void whatIsSteadyFromTheStartIsKnownSoon() {
    Clock clock = new Clock(run -> 0.01);
    assertEquals(0.01, clock.pace(1_000_000), 1e-9);
    assertTrue(clock.elapsed() < 1.1, "it took " + clock.elapsed());
  }

  @Test
  void runsThatAreHeldUpHardlyCount() {
    Clock clock = new Clock(run -> run % 3 == 2 ? 0.5 : 0.1 + 0.001 * (run % 5));
    assertEquals(0.1, clock.pace(1_000_000), 0.005);
  }

  @Test
  void noMoreRunsAreMadeThanTheWorkHas() {
    Clock clock = new Clock(run -> 0.001);
    assertEquals(0.001, clock.pace(3), 1e-9);
    assertEquals(3, clock.runs);
  }

  @Test
  void oneLongRunIsEnough() {
    Clock clock = new Clock(run -> 60);
    assertEquals(60, clock.pace(1_000_000), 1e-9);
    assertEquals(1, clock.runs);
  }

  @Test
  void aTrainingStepTakesLongerThanAForwardPass() {
    try (Engine engine = new JvmEngine(1)) {
      Pace pace = Pace.of(engine, Presets.named("digits"), 2, 3);
      assertTrue(pace.forward() > 0 && pace.training() > pace.forward(), pace.toString());
    }
  }
}
