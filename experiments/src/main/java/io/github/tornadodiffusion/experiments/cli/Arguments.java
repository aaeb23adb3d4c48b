package io.github.tornadodiffusion.experiments.cli;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The arguments of a command line, and those in a manifest, to be given again. */
public final class Arguments {
  private static final String LIST = "arguments";

  private Arguments() {}

  /** Whether arguments have an option. */
  public static boolean gives(List<String> arguments, String option) {
    return arguments.stream()
        .anyMatch(word -> word.equals(option) || word.startsWith(option + "="));
  }

  /**
   * The arguments of a run, except for some options and their values.
   *
   * @param manifest of the run
   * @param options that take a value, such as {@code --out}
   */
  public static List<String> without(JsonNode manifest, String... options) {
    List<String> kept = new ArrayList<>();
    boolean value = false;
    for (JsonNode node : manifest.path(LIST)) {
      String argument = node.asString();
      boolean option = !value && List.of(options).contains(argument);
      boolean joined = List.of(options).stream().anyMatch(name -> argument.startsWith(name + "="));
      if (!value && !option && !joined) {
        kept.add(argument);
      }
      value = option;
    }
    return kept;
  }
}
