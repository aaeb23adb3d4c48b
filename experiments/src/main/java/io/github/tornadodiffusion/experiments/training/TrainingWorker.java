package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingTask;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.kernels.Engine;
import java.io.IOException;
import java.io.PrintWriter;

/** A training in a process that is not the first: it computes its shards and writes nothing. */
final class TrainingWorker {
  private TrainingWorker() {}

  /** Trains as process 0 asks; returns the exit code. */
  static int serve(
      TrainingTask config,
      Dataset dataset,
      Processes processes,
      DeviceOptions device,
      PrintWriter err)
      throws IOException {
    // A signal is for all processes: the first one decides when to end.
    try (Interruption _ = new Interruption()) {
      return Together.run(
          processes.communicator(),
          err,
          () -> "the newest checkpoint in --out is whole",
          () -> {
            try (Engine engine = device.open(false, err);
                Trainer trainer =
                    new Trainer(
                        engine, config, dataset, Trainer.program(config, processes), processes)) {
              trainer.serve(row -> {});
              return 0;
            }
          });
    }
  }
}
