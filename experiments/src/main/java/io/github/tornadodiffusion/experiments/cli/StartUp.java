package io.github.tornadodiffusion.experiments.cli;

import java.io.PrintWriter;

/**
 * Shows the progress of what precedes the first result of a device, with a bar for each kind of
 * work.
 */
final class StartUp {
  private final PrintWriter err;
  private Progress bar;

  StartUp(PrintWriter err) {
    this.err = err;
  }

  /** See {@link io.github.tornadodiffusion.kernels.EngineOptions.Listener#preparing}. */
  void show(String what, int done, int all) {
    if (bar == null) {
      bar = Progress.on(err, what, 0, all);
    }
    bar.update(done, "");
    if (done == all) {
      bar.close();
      bar = null;
    }
  }
}
