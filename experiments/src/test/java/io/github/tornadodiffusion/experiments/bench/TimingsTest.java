package io.github.tornadodiffusion.experiments.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TimingsTest {
  @Test
  void quantilesOfTheMeasuredRuns() {
    Timings timings =
        new Timings(9_000_000, 3, new long[] {4_000_000, 1_000_000, 3_000_000, 2_000_000});
    assertEquals(9, timings.firstMillis());
    assertEquals(1, timings.minMillis());
    assertEquals(2.5, timings.medianMillis(), 1e-12);
    assertEquals(4, timings.p90Millis(), 1e-12);
  }

  @Test
  void warmUpsAreNotMeasured() {
    AtomicInteger calls = new AtomicInteger();
    Timings timings = Timings.measure(4, calls::incrementAndGet);
    assertTrue(timings.warmUps() >= 3);
    assertEquals(timings.warmUps() + 4, calls.get());
    assertEquals(4, timings.nanos().length);
  }
}
