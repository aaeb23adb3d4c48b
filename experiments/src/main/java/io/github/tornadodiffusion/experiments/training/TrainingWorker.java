package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Errors;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Together;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.LostProcessException;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/** A training in a process that is not the first: it computes its shards and writes nothing. */
final class TrainingWorker {
  private TrainingWorker() {}

  /** Trains as process 0 asks; returns the exit code. */
  static int serve(
      TrainingConfig config, Dataset dataset, Processes processes, DeviceOptions device) {
    Communicator communicator = processes.communicator();
    // Its own failures are its own to say.
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    // A signal is for all processes: the first one decides when to end.
    try (Interruption _ = new Interruption();
        Together together =
            new Together(communicator, err, () -> "the newest checkpoint in --out is whole")) {
      int code = 0;
      try (Engine engine = device.open(false, new PrintWriter(Writer.nullWriter()));
          Trainer trainer =
              new Trainer(engine, config, dataset, Trainer.program(config, processes), processes)) {
        trainer.serve(row -> {});
      } catch (LostProcessException e) {
        together.say(e.getMessage(), 0);
        code = Errors.FAILURE;
      } catch (RuntimeException | Error e) {
        err.println(
            "error: %s: %s".formatted(communicator.name(communicator.rank()), Errors.message(e)));
        code = Errors.FAILURE;
      }
      together.close();
      Mpi.end(code);
      return code;
    }
  }
}
