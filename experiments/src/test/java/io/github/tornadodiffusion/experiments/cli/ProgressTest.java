package io.github.tornadodiffusion.experiments.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

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

  /** The terminal's width is that of the moment, however narrow. */
  @ParameterizedTest
  @ValueSource(ints = {1, 10, 24, 40, 60, 79, 80, 81, 200})
  void everyLineFitsTheTerminal(int columns) {
    try (Progress progress =
        new Progress(new PrintWriter(text), true, "train", 0, 1_000, clock::get, () -> columns)) {
      for (int step = 1; step <= 3; step++) {
        clock.addAndGet(SECOND);
        progress.update(step, "loss 0.1234  123 images/s", "▁"::repeat);
      }
    }
    List<String> drawn = List.of(text.toString().split("\r"));
    assertTrue(
        drawn.stream().allMatch(line -> line.stripTrailing().length() < Math.max(2, columns)));
    String last = drawn.getLast().strip();
    if (columns >= 40) {
      assertTrue(last.contains("3/1000  ") && last.endsWith(" left"), last);
    }
    // What does not fit goes, the last of it first.
    assertEquals(columns >= 60, last.contains("images/s"), last);
    assertEquals(columns >= 40, last.contains("loss 0.1234"), last);
    assertEquals(columns >= 79, last.contains("▁"), last);
  }

  @Test
  void aTerminalThatBecomesNarrowIsCleared() {
    AtomicInteger columns = new AtomicInteger(100);
    try (Progress progress =
        new Progress(new PrintWriter(text), true, "train", 0, 100, clock::get, columns::get)) {
      for (int step = 1; step <= 4; step++) {
        clock.addAndGet(SECOND);
        progress.update(step, "loss 0.1234  123 images/s");
        columns.set(step < 3 ? 100 : 30);
      }
    }
    List<String> drawn = List.of(text.toString().split("\r"));
    assertTrue(drawn.get(3).length() > 60, drawn.get(3));
    // The line takes three rows now: two up, and all below goes.
    assertEquals("\033[2A\033[J", drawn.get(4));
    assertTrue(drawn.get(5).strip().length() < 30, drawn.get(5));
  }

  @Test
  void helpWrapsToTheTerminal() {
    for (int columns : new int[] {24, 40, 55, 80, 100, 300}) {
      for (String command : List.of("train", "sample", "bench", "data")) {
        CommandLine line = OwnHelp.of(command, columns);
        String help = line.getUsageMessage();
        int longest = help.lines().mapToInt(String::length).max().orElseThrow();
        assertTrue(longest <= Math.min(columns, 120), columns + ": " + longest + "\n" + help);
        String words = help.replaceAll("\\s+", "");
        assertEquals(OwnHelp.of(command, 80).getUsageMessage().replaceAll("\\s+", ""), words);
      }
    }
  }

  /** A command with options and descriptions of any length. */
  private static final class OwnHelp {
    static CommandLine of(String name, int columns) {
      CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create().name(name);
      for (int i = 1; i <= 9; i++) {
        spec.addOption(
            CommandLine.Model.OptionSpec.builder("--" + "option-".repeat(i % 3 + 1) + i)
                .type(int.class)
                .paramLabel("N")
                .description("what it says ".repeat(2 * i).strip())
                .build());
      }
      CommandLine line = new CommandLine(spec);
      HelpWidth.apply(line, columns);
      return line;
    }
  }

  @Test
  void durationsAreReadable() {
    assertEquals("0:07", Progress.duration(7 * SECOND));
    assertEquals("12:00", Progress.duration(720 * SECOND));
    assertEquals("2:03:04", Progress.duration(7384 * SECOND));
  }
}
