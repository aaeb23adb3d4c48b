package io.github.tornadodiffusion.experiments.framework;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuickTimeTest {
  private final List<Double> tried = new ArrayList<>();
  private int measured;

  /** How many times too slow the first measurement is. */
  private double cold = 1;

  /**
   * What is said where the usual amounts take so many seconds, a part of which is always needed.
   */
  private String said(ExperimentOptions run, double seconds, double always) throws IOException {
    StringWriter err = new StringWriter();
    QuickTime.fit(
        run,
        new PrintWriter(err),
        share -> {
          tried.add(share);
          return (measured > 0 ? 1 : cold) * (always + seconds * share);
        },
        () -> measured++,
        () -> "share " + (tried.isEmpty() ? "usual" : tried.getLast()));
    return err.toString();
  }

  private static ExperimentOptions quick() {
    ExperimentOptions options = new ExperimentOptions();
    options.quick = true;
    return options;
  }

  @Test
  void whatIsSmallEnoughStaysAsItIs() throws IOException {
    assertEquals("", said(quick(), 100, 10));
    assertEquals(1, tried.getLast());
  }

  @Test
  void aSlowFirstMeasurementDoesNotDecide() throws IOException {
    cold = 40;
    assertEquals("", said(quick(), 100, 10));
    assertEquals(1, measured);
    assertEquals(1, tried.getLast());
  }

  @Test
  void theLargestThatIsSmallEnoughIsTakenAndSaid() throws IOException {
    String said = said(quick(), 2000, 10);
    double share = tried.getLast();
    assertTrue(10 + 2000 * share <= QuickTime.SECONDS, said);
    assertTrue(10 + 2000 * share > QuickTime.SECONDS / 4, said);
    assertEquals(1, said.lines().count());
    assertTrue(said.contains("about 33:30") && said.contains("share " + share), said);
  }

  @Test
  void whatCannotBeSmallEnoughIsSaidBeforehand() throws IOException {
    String said = said(quick(), 2000, 400);
    assertEquals(1, said.lines().count());
    assertTrue(
        said.contains("may not end within five minutes") && said.contains("--max-hours"), said);
    assertTrue(said.contains("share " + tried.getLast()), said);
  }

  @Test
  void whatMustBeAsElsewhereIsLeftAlone() throws IOException {
    ExperimentOptions goesOn = quick();
    goesOn.resume = true;
    for (ExperimentOptions run : List.of(new ExperimentOptions(), goesOn)) {
      assertEquals("", said(run, 1e6, 0));
    }
    ExperimentOptions part = quick();
    part.shard = "1/2";
    String said = said(part, 1e6, 0);
    assertEquals(1, said.lines().count());
    assertTrue(said.startsWith("--quick with --shard: ") && said.contains("usual"), said);
    assertEquals(List.of(), tried);
  }
}
