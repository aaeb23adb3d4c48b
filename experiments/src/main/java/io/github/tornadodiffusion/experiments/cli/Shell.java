package io.github.tornadodiffusion.experiments.cli;

import java.util.List;
import java.util.stream.Collectors;

/** Text as a shell takes it, so that what is printed can be pasted. */
public final class Shell {
  private Shell() {}

  /** How the program was started; the launcher says it. */
  public static String program() {
    return quoted(System.getProperty("tornadodiffusion.command", "./tornado-diffusion"));
  }

  /** One argument. */
  public static String quoted(String text) {
    return text.matches("[\\w./:@%+=,-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  /** Arguments with spaces between. */
  public static String line(List<String> arguments) {
    return arguments.stream().map(Shell::quoted).collect(Collectors.joining(" "));
  }
}
