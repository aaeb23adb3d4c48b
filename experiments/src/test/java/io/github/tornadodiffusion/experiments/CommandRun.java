package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;

/**
 * What a command printed.
 *
 * @param code its exit code
 * @param out its stdout
 * @param err its stderr
 */
public record CommandRun(int code, String out, String err) {
  /** Runs the program in this process. */
  public static CommandRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    return new CommandRun(code, out.toString(), err.toString());
  }

  /** Runs a command that must succeed. */
  public static CommandRun succeeds(String... arguments) {
    CommandRun run = of(arguments);
    assertEquals(0, run.code, () -> String.join(" ", arguments) + ": " + run.err);
    return run;
  }

  /** Runs a command that must say in one line on stderr, with exit code 2, what is wrong. */
  public static CommandRun refused(List<String> keyWords, String... arguments) {
    CommandRun run = of(arguments);
    String what = String.join(" ", arguments) + " says: " + run.err;
    assertEquals(2, run.code, what);
    assertEquals(1, run.err.lines().count(), what);
    assertTrue(run.err.startsWith("error: "), what);
    assertEquals("", run.out, what);
    for (String word : keyWords) {
      assertTrue(
          run.err.toLowerCase(Locale.ROOT).contains(word.toLowerCase(Locale.ROOT)),
          () -> "'" + word + "' is missing: " + what);
    }
    return run;
  }
}
