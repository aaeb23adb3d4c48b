package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import io.github.tornadodiffusion.experiments.framework.ExperimentProvider;
import io.github.tornadodiffusion.experiments.run.SourcePlugin;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import io.github.tornadodiffusion.nn.io.Sha256;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.JsonNode;

/** The option that names plug-ins, which is applied before the command line is parsed. */
final class PluginOption {
  static final String NAME = "--plugin";

  /** What a manifest has of the plug-ins of a run. */
  static final List<String> RECORDED = List.of("plugins", "plugins_sha256");

  private static final String RUN = "run";
  private static final String NOTEBOOK = "notebook";

  private PluginOption() {}

  /**
   * Loads the plug-ins that arguments name, and adds the experiments that they provide to the
   * commands: plug-ins determine what can be parsed.
   *
   * @param root the command line of the program
   * @throws IllegalArgumentException in one line if a plug-in cannot be read
   */
  static void apply(CommandLine root, List<String> arguments) {
    load(root, arguments);
    // Services are looked for in every jar, for which other commands need not wait.
    if (arguments.contains(ExperimentCommand.NAME)) {
      addExperiments(root);
    }
  }

  private static void load(CommandLine root, List<String> arguments) {
    for (Path path : paths(arguments)) {
      if (SourcePlugin.is(path)) {
        SourcePlugin.load(path, root.getErr());
      } else {
        Plugins.load(List.of(path));
      }
    }
    Plugins.forgetUse();
  }

  private static void addExperiments(CommandLine root) {
    CommandLine experiment = root.getSubcommands().get(ExperimentCommand.NAME);
    ExperimentProvider.all()
        .filter(provider -> !experiment.getSubcommands().containsKey(provider.kind().name()))
        .forEach(provider -> experiment.addSubcommand(provider.kind().name(), provider.command()));
    Plugins.forgetUse();
    // What was added later has none of what the others were told.
    root.setOut(root.getOut());
    root.setErr(root.getErr());
    root.setCaseInsensitiveEnumValuesAllowed(root.isCaseInsensitiveEnumValuesAllowed());
  }

  /**
   * Makes the plug-ins of a run known, unless others are given, and warns of those that are not
   * what they were.
   *
   * @param root the command line of the program, with what was given now
   * @param run the manifest of the run
   * @return the arguments that name the plug-ins with which it can be repeated
   * @throws IllegalArgumentException in one line if a plug-in of the run is not where it was
   */
  static List<String> again(CommandLine root, JsonNode run) throws IOException {
    List<Path> given = ((Main) root.getCommandSpec().userObject()).plugins;
    List<Path> plugins = given == null ? new ArrayList<>() : given;
    Set<String> sums = new HashSet<>();
    run.path(RECORDED.getLast()).forEach(sum -> sums.add(sum.asString()));
    if (given == null) {
      run.path(RECORDED.getFirst()).forEach(path -> plugins.add(Path.of(path.asString())));
    }
    List<String> arguments = new ArrayList<>();
    for (Path plugin : plugins) {
      if (!Files.exists(plugin)) {
        throw new IllegalArgumentException(
            "The plug-in %s of the run is not there: put it back, or give %s with its new place"
                .formatted(plugin, NAME));
      }
      if (!sums.isEmpty() && !sums.contains(Sha256.of(plugin))) {
        root.getErr()
            .println(
                "warning: the plug-in %s is not the one of the run: it differs".formatted(plugin));
      }
      arguments.addAll(List.of(NAME, plugin.toString()));
    }
    if (given == null) {
      load(root, arguments);
      addExperiments(root);
    }
    return arguments;
  }

  /**
   * Executes a command, and says at the end which plug-ins it did not use; programs and notebooks
   * do with them what they like.
   */
  static int execute(ParseResult parsed) {
    List<CommandLine> commands = parsed.asCommandLineList();
    Plugins.use(commands.getLast().getCommand().getClass());
    boolean helped = commands.stream().anyMatch(PluginOption::isHelp);
    if (Mpi.isLaunched() && !helped && !shares(commands)) {
      if (!Mpi.isFirst()) {
        return 0;
      }
      Mpi.leave();
      commands
          .getLast()
          .getErr()
          .println(
              "one process is enough for '%s': process 0 works alone"
                  .formatted(commands.getLast().getCommandName()));
    }
    int code = new CommandLine.RunLast().execute(parsed);
    String name = commands.size() > 1 ? commands.get(1).getCommandName() : "";
    if (code == 0 && !helped && !List.of(RUN, NOTEBOOK).contains(name)) {
      Ineffective.of(commands.getLast().getCommandSpec())
          .notePlugins()
          .say(commands.getLast().getErr());
    }
    return code;
  }

  /** Whether several processes can do a command together, or a program decides itself. */
  private static boolean shares(List<CommandLine> commands) {
    return commands.stream()
        .anyMatch(command ->
            List.of("train", "sample", RUN).contains(command.getCommandName())
                || command.getMixins().values().stream()
                    .anyMatch(ExperimentOptions.class::isInstance));
  }

  private static boolean isHelp(CommandLine command) {
    return command.isUsageHelpRequested() || command.isVersionHelpRequested();
  }

  private static List<Path> paths(List<String> arguments) {
    boolean runs = !arguments.isEmpty() && arguments.getFirst().equals(RUN);
    List<Path> paths = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (runs && i > 0 && !argument.startsWith("-")) {
        break; // Arguments after the file belong to the program in it.
      }
      if (argument.startsWith(NAME + "=")) {
        paths.add(Path.of(argument.substring(NAME.length() + 1)));
      } else if (argument.equals(NAME) && i + 1 < arguments.size()) {
        paths.add(Path.of(arguments.get(++i)));
      }
    }
    return paths;
  }
}
