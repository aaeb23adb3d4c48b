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
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Installs the Java kernel for Jupyter and starts Jupyter, or runs that kernel. */
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
      names = "--execute",
      description = {
        "Run all cells of the notebook PATH without a browser, by nbconvert, and write it with"
            + " what",
        "they show. Nothing is installed; where a cell fails, nothing is written."
      })
  boolean execute;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where --execute writes the notebook (default: in place).")
  Path out;

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
    checkExecute();
    PrintWriter err = spec.commandLine().getErr();
    if (execute) {
      Path executed = out == null ? path : out;
      HeadlessRun.run(HeadlessRun.NBCONVERT, path, executed, err);
      err.println("executed: " + executed);
      return 0;
    }
    Ineffective ignored =
        Ineffective.of(spec)
            .note("--no-browser", installOnly, "Jupyter is not started with --install-only");
    if (installOnly && path != null) {
      ignored.note(path.toString(), "Jupyter is not started with --install-only");
    }
    ignored.say(err);
    Path installed = KernelSpec.install();
    err.println("kernel '%s' installed: %s".formatted(KernelSpec.DISPLAY_NAME, installed));
    return installOnly ? 0 : jupyter();
  }

  private void checkExecute() {
    if (execute && (path == null || installOnly || noBrowser)) {
      throw new ParameterException(
          spec.commandLine(),
          path == null
              ? "--execute needs the path of a notebook"
              : "--execute starts no Jupyter and installs no kernel; leave --install-only and"
                  + " --no-browser out");
    }
    if (out != null && !execute) {
      throw new ParameterException(
          spec.commandLine(), "--out is where --execute writes the notebook; give both or neither");
    }
  }

  /** Runs Jupyter until it ends; a signal to this process ends it, too. */
  private int jupyter() throws InterruptedException {
    List<String> command = new ArrayList<>(List.of("jupyter", "notebook"));
    if (noBrowser) {
      command.add("--no-browser");
    }
    if (path != null) {
      command.add(path.toString());
    }
    return JupyterProcess.run(new ProcessBuilder(command).inheritIO(), "jupyter-notebook");
  }
}
