package io.github.tornadodiffusion.experiments.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final long SECOND = 1_000_000_000L;

  private final StringWriter text = new StringWriter();
  private final AtomicLong clock = new AtomicLong();

  private Progress progress(boolean terminal) {
    return new Progress(new PrintWriter(text), terminal, "train", 0, 100, clock::get);
  }

  private void run(boolean terminal) {
    try (Progress progress = progress(terminal)) {
      for (int step = 1; step <= 100; step++) {
        clock.addAndGet(SECOND);
        progress.update(step, "loss 0.5");
      }
    }
  }

  @Test
  void aFileGetsALineEveryTenSeconds() {
    run(false);
    List<String> lines = text.toString().lines().toList();
    assertEquals(10, lines.size());
    assertEquals("train 10/100  loss 0.5  1:30 left", lines.getFirst());
    assertEquals("train 100/100  loss 0.5  done", lines.getLast());
  }

  @Test
  void aTerminalGetsOneLineThatIsRedrawn() {
    run(true);
    List<String> drawn = List.of(text.toString().strip().split("\r"));
    assertEquals(100, drawn.size());
    assertEquals("train [##########..........] 50/100  loss 0.5  0:50 left", drawn.get(49).strip());
    assertTrue(text.toString().endsWith(System.lineSeparator()));
    int width = drawn.get(1).length();
    assertTrue(drawn.stream().allMatch(l -> l.length() <= 79 && l.length() <= width + 2));
  }

  @Test
  void theFirstStepPredictsNothing() {
    try (Progress progress = progress(true)) {
      clock.addAndGet(60 * SECOND);
      progress.update(1, "loss 0.5");
      clock.addAndGet(SECOND);
      progress.update(2, "loss 0.5");
    }
    List<String> drawn = List.of(text.toString().strip().split("\r"));
    assertEquals("train [....................] 1/100  loss 0.5", drawn.getFirst().strip());
    assertTrue(drawn.get(1).contains("1:38 left"), drawn.get(1));
  }

  @Test
  void longFiguresShortenTheBarRatherThanWrap() {
    String details = "loss 0.1234  123 images/s, and more to say";
    try (Progress progress =
        new Progress(new PrintWriter(text), true, "train", 0, 1_000_000, clock::get)) {
      for (int step = 1; step <= 3; step++) {
        clock.addAndGet(SECOND);
        progress.update(step, details);
      }
    }
    String last = List.of(text.toString().strip().split("\r")).getLast();
    assertTrue(last.length() <= 79, last);
    assertTrue(last.startsWith("train [.]") && last.endsWith(" left"), last);
  }

  @Test
  void durationsAreReadable() {
    assertEquals("0:07", Progress.duration(7 * SECOND));
    assertEquals("12:00", Progress.duration(720 * SECOND));
    assertEquals("2:03:04", Progress.duration(7384 * SECOND));
  }
}
