package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DrawsAheadTest {
  /** Steps of two parts; notes what is drawn and by whom. */
  private static final class Noting implements TrainingDraws {
    final BlockingQueue<String> drawn = new LinkedBlockingQueue<>();
    volatile Thread thread;
    volatile RuntimeException failure;

    @Override
    public SequencedMap<String, HostTensor> initialParameters() {
      return new LinkedHashMap<>();
    }

    @Override
    public int parts(int step) {
      return 2;
    }

    @Override
    public Draw draw(int step, int part) {
      thread = Thread.currentThread();
      drawn.add(step + "." + part);
      if (failure != null && step == 1) {
        throw failure;
      }
      return new Draw(null, 2 * step + part, 2, null, null, null, new Counter(0, step, part));
    }

    @Override
    public long epoch(int step) {
      return step / 7;
    }

    @Override
    public boolean givesNoise() {
      return false;
    }

    @Override
    public void skipTo(int step) {
      drawn.add("skip to " + step);
    }
  }

  private static List<String> all(Noting noting) {
    return new ArrayList<>(noting.drawn);
  }

  @Test
  void drawsTheNextWhileTheModelTrains() throws InterruptedException {
    Noting noting = new Noting();
    try (DrawsAhead ahead = new DrawsAhead(noting, 9, part -> true)) {
      assertEquals(0, ahead.draw(0, 0).images());
      for (String expected : List.of("0.0", "0.1", "1.0")) {
        assertEquals(expected, noting.drawn.poll(10, TimeUnit.SECONDS));
      }
      assertNotEquals(Thread.currentThread(), noting.thread);
      assertEquals(null, noting.drawn.poll(50, TimeUnit.MILLISECONDS), "more than may wait");
    }
  }

  @Test
  void drawsInOrderAndNothingBeyondTheLastStep() {
    Noting noting = new Noting();
    try (DrawsAhead ahead = new DrawsAhead(noting, 4, part -> true)) {
      ahead.skipTo(2);
      for (int i = 4; i < 8; i++) {
        TrainingDraws.Draw draw = ahead.draw(i / 2, i % 2);
        assertEquals(i, draw.images());
      }
      assertThrows(IllegalStateException.class, () -> ahead.draw(4, 0));
    }
    assertEquals(List.of("skip to 2", "2.0", "2.1", "3.0", "3.1"), all(noting));
  }

  @Test
  void refusesAnotherOrder() {
    try (DrawsAhead ahead = new DrawsAhead(new Noting(), 9, part -> true)) {
      ahead.draw(0, 0);
      assertThrows(IllegalStateException.class, () -> ahead.draw(1, 0));
    }
  }

  @Test
  void whatFailsIsThrownWhereTheDrawIsAskedFor() {
    Noting noting = new Noting();
    noting.failure = new UncheckedIOException(new IOException("the file is gone"));
    try (DrawsAhead ahead = new DrawsAhead(noting, 9, part -> true)) {
      ahead.draw(0, 0);
      ahead.draw(0, 1);
      assertSame(noting.failure, assertThrows(UncheckedIOException.class, () -> ahead.draw(1, 0)));
    }
  }

  @Test
  void nothingRunsOnAfterTheEnd() throws InterruptedException {
    Noting noting = new Noting();
    try (DrawsAhead ahead = new DrawsAhead(noting, 9, part -> true)) {
      ahead.draw(0, 0);
    }
    assertTrue(noting.thread.join(Duration.ofSeconds(10)));
    int before = noting.drawn.size();
    assertTrue(before <= 1 + DrawsAhead.AHEAD);
  }
}
