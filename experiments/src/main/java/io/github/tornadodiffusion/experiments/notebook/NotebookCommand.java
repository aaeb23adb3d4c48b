package io.github.tornadodiffusion.experiments.notebook;

import io.github.tornadodiffusion.experiments.cli.Ineffective;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Installs the Java kernel for Jupyter and starts Jupyter; or is that kernel. */
@Command(
    name = "notebook",
    description = {
      "Installs a Java kernel for Jupyter, with this program as its library, and starts Jupyter.",
      "With TORNADOVM_HOME set, the kernel reaches the devices of TornadoVM too."
    })
public final class NotebookCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "PATH",
      description = "A notebook to open, or the directory to begin in (default: here).")
  Path path;

  @Option(names = "--install-only", description = "Install the kernel and do not start Jupyter.")
  boolean installOnly;

  @Option(names = "--no-browser", description = "Start Jupyter without opening a browser.")
  boolean noBrowser;

  @Option(
      names = "--kernel",
      hidden = true,
      paramLabel = "FILE",
      description = "Be the kernel that Jupyter's connection file describes.")
  Path connection;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (connection != null) {
      NotebookKernel.serve(connection);
      return 0;
    }
    Ineffective ignored =
        Ineffective.of(spec)
            .note("--no-browser", installOnly, "Jupyter is not started with --install-only");
    if (installOnly && path != null) {
      ignored.note(path.toString(), "Jupyter is not started with --install-only");
    }
    ignored.say(spec.commandLine().getErr());
    Path installed = KernelSpec.install();
    PrintWriter err = spec.commandLine().getErr();
    err.println("kernel '%s' installed: %s".formatted(KernelSpec.DISPLAY_NAME, installed));
    return installOnly ? 0 : jupyter();
  }

  /** Runs Jupyter until it ends, which a signal to this process makes it do too. */
  private int jupyter() throws InterruptedException {
    List<String> command = new ArrayList<>(List.of("jupyter", "notebook"));
    if (noBrowser) {
      command.add("--no-browser");
    }
    if (path != null) {
      command.add(path.toString());
    }
    Process process;
    try {
      process = new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      throw new IllegalStateException(
          "there is no 'jupyter' to start; install it, for example with 'apt-get install"
              + " jupyter-notebook' or 'pip install notebook'",
          e);
    }
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              process.destroy();
              try {
                process.waitFor();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }));
    return process.waitFor();
  }
}
