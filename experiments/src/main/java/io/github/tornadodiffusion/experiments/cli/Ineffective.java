package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * Options that were given and change nothing, given the others: whoever gave one expects something
 * of it. They are said once, before the work begins, and stand in the manifest where there is one.
 */
public final class Ineffective {
  private final ParseResult parsed;
  private final List<String> notes = new ArrayList<>();

  private Ineffective(ParseResult parsed) {
    this.parsed = parsed;
  }

  /** None yet, of the command line that a command was called with. */
  public static Ineffective of(CommandSpec spec) {
    return new Ineffective(spec.commandLine().getParseResult());
  }

  /** Whether an option was given. */
  public boolean given(String option) {
    return parsed.hasMatchedOption(option);
  }

  /**
   * Notes an option, if it was given.
   *
   * @param when it changes nothing
   * @param why, and what to do about it
   */
  public Ineffective note(String option, boolean when, String why) {
    return when && given(option) ? note(option, why) : this;
  }

  /** Notes an argument that was given. */
  public Ineffective note(String argument, String why) {
    notes.add("%s has no effect: %s".formatted(argument, why));
    return this;
  }

  /**
   * Notes {@code --quick} where all that it decides was given.
   *
   * @param decided by it
   */
  public Ineffective noteQuick(String... decided) {
    return note(
        "--quick",
        List.of(decided).stream().allMatch(this::given),
        "all that it decides is given (%s); leave it out".formatted(String.join(", ", decided)));
  }

  /** Notes plug-ins of which nothing was named, once each. */
  public Ineffective notePlugins() {
    Plugins.takeUnused()
        .forEach(path ->
            note("--plugin " + path, "nothing of it was named or used; leave it out, or name it"));
    return this;
  }

  /** What was noted, a line each. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** Says what was noted. */
  public void say(PrintWriter err) {
    notes.forEach(note -> err.println("warning: " + Messages.line(note)));
    err.flush();
  }
}
