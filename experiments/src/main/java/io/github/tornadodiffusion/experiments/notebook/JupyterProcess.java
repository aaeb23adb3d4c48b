package io.github.tornadodiffusion.experiments.notebook;

import java.io.IOException;

/** A program of Jupyter's, as a process that ends with this one. */
final class JupyterProcess {
  private JupyterProcess() {}

  /**
   * Runs it until it ends, which a signal to this process makes it do too.
   *
   * @param name of its package, for the message
   * @return its exit code
   * @throws IllegalStateException in one line if it is not there
   */
  static int run(ProcessBuilder builder, String name) throws InterruptedException {
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new IllegalStateException(
          "there is no '%s' to start; install it, for example with 'apt-get install %s' or 'pip install %s'"
              .formatted(builder.command().getFirst(), name, name.replaceFirst("^jupyter-", "")),
          e);
    }
    Thread end =
        new Thread(() -> {
          process.destroy();
          try {
            process.waitFor();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    Runtime.getRuntime().addShutdownHook(end);
    return process.waitFor();
  }
}
