package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.report.Report;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/**
 * An experiment of your own as one class, which is its command as well: picocli's annotation {@code
 * Command} names it, and fields with the annotation {@code Option} are its configuration.
 */
public abstract class CommandExperiment
    implements ExperimentProvider, Experiment, Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ExperimentOptions options;

  /** The report of rows and pictures, which may not be complete. */
  protected abstract Report report(ExperimentData data);

  /**
   * Chooses small values, as {@code --quick} asks for.
   *
   * @throws IllegalArgumentException in one line if there is no small version: so it is unless this
   *     method is overridden
   */
  protected void makeQuick() {
    throw new IllegalArgumentException(
        "%s has no --quick version; leave that out and give its own options small values"
            .formatted(kind().name()));
  }

  @Override
  public final Callable<Integer> command() {
    return this;
  }

  @Override
  public final Kind kind() {
    return new Kind(getClass().getAnnotation(Command.class).name(), this::report);
  }

  @Override
  public final Map<String, Object> configuration() {
    Map<String, Object> values = new TreeMap<>();
    for (OptionSpec option : spec.options()) {
      if (option.userObject() instanceof Field field && field.getDeclaringClass() == getClass()) {
        String name = option.longestName().replaceFirst("^-*", "").replace('-', '_');
        values.put(name, option.getValue());
      }
    }
    return values;
  }

  @Override
  public final Integer call() throws IOException {
    if (options.quick) {
      makeQuick();
    }
    return ExperimentRun.execute(this, options, spec);
  }

  /**
   * Runs the experiment with the arguments of a main method.
   *
   * @return the exit code
   */
  public final int execute(String... arguments) {
    CommandLine commandLine = new CommandLine(this);
    commandLine
        .getCommandSpec()
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Show this help message and exit.")
                .build());
    return commandLine
        .setParameterExceptionHandler(Errors::badUsage)
        .setExecutionExceptionHandler(Errors::failed)
        .execute(arguments);
  }
}
