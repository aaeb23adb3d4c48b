package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.bench.BenchCommand;
import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.HelpWidth;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Shell;
import io.github.tornadodiffusion.experiments.cli.Terminal;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.experiments.notebook.NotebookCommand;
import io.github.tornadodiffusion.experiments.run.RunCommand;
import io.github.tornadodiffusion.experiments.sampling.SampleCommand;
import io.github.tornadodiffusion.experiments.training.TrainCommand;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The command line.
 *
 * <p>Results go to stdout; progress, warnings and errors go to stderr. The exit code is 0 for
 * success, 2 for bad usage or input and 1 for a failure; see {@link Errors}.
 */
@Command(
    name = "tornado-diffusion",
    description = "Trains diffusion models and samples from them, in Java, on any device.",
    versionProvider = Versions.class,
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      TrainCommand.class,
      SampleCommand.class,
      PredictCommand.class,
      BenchCommand.class,
      ExperimentCommand.class,
      DataCommand.class,
      DevicesCommand.class,
      RunCommand.class,
      NotebookCommand.class
    },
    footer = {
      "",
      "Every command takes --show-command: it then only prints the java command that would run."
    })
public final class Main {
  @Option(
      names = PluginOption.NAME,
      scope = ScopeType.INHERIT,
      paramLabel = "PATH",
      description =
          "Classes of your own, for options that name a class, and experiments: a directory, a jar"
              + " or a Java source file; may be repeated.")
  List<Path> plugins;

  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    run(new FileOutputStream(FileDescriptor.out), args);
  }

  /**
   * Runs one command and ends the process with its exit code.
   *
   * @param stdout where results go
   */
  static void run(OutputStream stdout, String[] args) {
    // Numbers in files, names and messages must not depend on the locale.
    Locale.setDefault(Locale.ROOT);
    // Pictures are drawn without a display, which a server does not have.
    System.setProperty("java.awt.headless", "true");
    Charset charset = Charset.defaultCharset();
    PrintWriter out = new PrintWriter(new OutputStreamWriter(stdout, charset), true);
    PrintWriter err =
        new PrintWriter(
            new OutputStreamWriter(new FileOutputStream(FileDescriptor.err), charset), true);
    AtomicBoolean finished = new AtomicBoolean();
    if (args.length > 0 && !List.of("run", "notebook").contains(args[0])) {
      String again = Shell.program() + " " + Shell.line(List.of(args));
      Interruption.sayAtTheEnd(
          finished::get,
          err,
          List.of(args).contains("--resume")
              ? "stopped, what was there is kept; %s goes on".formatted(again)
              : "stopped, nothing is kept; %s begins anew".formatted(again));
    }
    int code = run(Together.writer(out), Together.writer(err), args);
    finished.set(true);
    Mpi.end(code);
    out.flush();
    err.flush();
    System.exit(code);
  }

  /** All commands with their options. */
  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Main());
    // A value that begins with @ is a name like any other.
    commandLine.setExpandAtFiles(false);
    commandLine.registerConverter(Path.class, Errors::path);
    // What follows the file of 'run' is that program's own.
    commandLine.getSubcommands().get("run").setStopAtPositional(true);
    return commandLine;
  }

  /** Runs one command and returns its exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    int code;
    try {
      CommandLine commandLine = commandLine();
      commandLine.setOut(out);
      commandLine.setErr(err);
      commandLine.setCaseInsensitiveEnumValuesAllowed(true);
      commandLine.setAbbreviatedOptionsAllowed(false);
      commandLine.setParameterExceptionHandler(Errors::badUsage);
      commandLine.setExecutionExceptionHandler(Errors::failed);
      commandLine.setExecutionStrategy(PluginOption::execute);
      PluginOption.apply(commandLine, List.of(args));
      HelpWidth.apply(
          commandLine, Terminal.columns(Terminal.STANDARD_OUTPUT).orElse(Terminal.USUAL_COLUMNS));
      code = commandLine.execute(args);
    } catch (RuntimeException | Error e) {
      code = Errors.failed(e, err, args);
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
    return code == 0 && out.checkError() ? Errors.lostOutput(err) : code;
  }
}
