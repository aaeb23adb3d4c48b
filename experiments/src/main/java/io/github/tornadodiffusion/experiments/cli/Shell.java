package io.github.tornadodiffusion.experiments.cli;

import java.util.List;
import java.util.stream.Collectors;

/** Quotes text for a shell, so that printed commands can be pasted. */
public final class Shell {
  private Shell() {}

  /** How the program was started, according to the launcher. */
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
