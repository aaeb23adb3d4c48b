package io.github.tornadodiffusion.experiments.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DeadlineTest {
  private static final long SECOND = 1_000_000_000L;

  private long now = 77;

  /** Works in pieces until the deadline is near; returns the seconds that are left then. */
  private double left(Duration time, double firstPiece, double piece, double save) {
    long end = now + time.toNanos();
    Deadline deadline = new Deadline(time, () -> now);
    deadline.save((long) (save * SECOND));
    double next = firstPiece;
    while (!deadline.isNear()) {
      now += (long) (next * SECOND);
      deadline.piece((long) (next * SECOND));
      next = piece;
    }
    return (end - now) / (double) SECOND - save;
  }

  /** A first step that compiles for long predicts nothing about the others. */
  @ParameterizedTest
  @CsvSource({"60, 0.01, 0.01, 0", "60, 0.5, 0.5, 2", "3600, 90, 5, 1", "86400, 40, 20, 8"})
  void endsInTimeAndAtMostAMinuteEarly(int seconds, double first, double piece, double save) {
    double left = left(Duration.ofSeconds(seconds), first, piece, save);
    assertTrue(left > 0, "late by " + -left);
    assertTrue(left < 60, "early by " + left);
  }

  @Test
  void withoutLimitItIsNeverNear() {
    Deadline deadline = new Deadline(null, () -> now);
    now += Long.MAX_VALUE / 2;
    deadline.piece(Long.MAX_VALUE / 4);
    assertFalse(deadline.isNear());
  }

  @ParameterizedTest
  @CsvSource({
    "90, PT90M",
    "0:30, PT30S",
    "1:02:03, PT1H2M3S",
    "2-00, PT48H",
    "1-12:30, PT36H30M",
    "1-1:1:1, PT25H1M1S"
  })
  void readsSlurmsTimes(String text, Duration time) {
    assertEquals(time, new MaxTime().convert(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "0:00", "-5", "1h", "1:2:3:4", "1-", "12:", "99999999999999"})
  void refusesWhatIsNoTime(String text) {
    assertThrows(TypeConversionException.class, () -> new MaxTime().convert(text));
  }
}
