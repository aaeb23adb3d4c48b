package io.github.tornadodiffusion.experiments.notebook;

import io.github.tornadodiffusion.nn.io.AtomicDirectories;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Runs a notebook without a browser, by Jupyter's nbconvert. The kernel is this program, whatever
 * kernels are installed, and nothing is left behind but the notebook with its outputs.
 */
final class HeadlessRun {
  /** The program that executes notebooks, and the name of its package. */
  static final String NBCONVERT = "jupyter-nbconvert";

  /** How long the start of the kernel may take, which builds the program if need be. */
  private static final int STARTUP_SECONDS = 600;

  /** What nbconvert's report of a failed cell begins with, below the trace of its own calls. */
  private static final String FAILED = "\nnbclient.exceptions.CellExecutionError: ";

  private HeadlessRun() {}

  /**
   * Runs all cells of a notebook.
   *
   * @param nbconvert the program that executes it
   * @param notebook the notebook, which may be {@code out} too
   * @param out takes the notebook with its outputs, if all cells run to their ends
   * @param err takes what a cell says that fails
   * @throws IllegalArgumentException in one line if there is no such notebook
   * @throws IllegalStateException in one line if a cell failed or there is no nbconvert
   */
  static void run(String nbconvert, Path notebook, Path out, PrintWriter err)
      throws IOException, InterruptedException {
    if (!Files.isRegularFile(notebook) || !notebook.toString().endsWith(".ipynb")) {
      throw new IllegalArgumentException(
          notebook + " is no notebook to execute: name a file that ends in .ipynb");
    }
    Path work = Files.createTempDirectory("tornado-diffusion");
    try {
      KernelSpec.install(work);
      Path log = work.resolve("log");
      int code =
          JupyterProcess.run(
              process(nbconvert, notebook, work).redirectOutput(log.toFile()), NBCONVERT);
      if (code != 0) {
        String said = Files.readString(log);
        // The whole where it was no cell that failed.
        err.println(said.substring(said.indexOf(FAILED) + 1).strip());
        throw new IllegalStateException(
            notebook + " could not be executed to its end, nothing was written; see above");
      }
      Files.createDirectories(out.toAbsolutePath().getParent());
      AtomicFiles.write(out, Files.readString(work.resolve("executed.ipynb")));
    } finally {
      AtomicDirectories.delete(work);
    }
  }

  private static List<String> command(String nbconvert, Path notebook, Path work) {
    return List.of(
        nbconvert,
        "--to=notebook",
        "--execute",
        "--ExecutePreprocessor.kernel_name=" + KernelSpec.NAME,
        "--ExecutePreprocessor.startup_timeout=" + STARTUP_SECONDS,
        // When a cell ran would make every execution another file.
        "--ExecutePreprocessor.record_timing=False",
        "--output-dir=" + work,
        "--output=executed",
        notebook.toAbsolutePath().toString());
  }

  private static ProcessBuilder process(String nbconvert, Path notebook, Path work) {
    ProcessBuilder builder =
        new ProcessBuilder(command(nbconvert, notebook, work)).redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    // Before all other places where kernels may be.
    environment.merge(
        "JUPYTER_PATH", work.toString(), (others, own) -> own + File.pathSeparator + others);
    environment.put("JUPYTER_RUNTIME_DIR", work.resolve("runtime").toString());
    return builder;
  }
}
