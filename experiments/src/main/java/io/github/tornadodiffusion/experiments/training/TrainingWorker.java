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
    // Its own failures are its own to say.
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    // A signal is for all processes: the first one decides when to end.
    try (Interruption _ = new Interruption()) {
      int code = serve(config, dataset, processes, device, err);
      Mpi.end(code);
      return code;
    }
  }

  private static int serve(
      TrainingConfig config,
      Dataset dataset,
      Processes processes,
      DeviceOptions device,
      PrintWriter err) {
    Communicator communicator = processes.communicator();
    try (Together together =
        new Together(communicator, err, () -> "the newest checkpoint in --out is whole")) {
      try (Engine engine = device.open(false, new PrintWriter(Writer.nullWriter()));
          Trainer trainer =
              new Trainer(engine, config, dataset, Trainer.program(config, processes), processes)) {
        trainer.serve(row -> {});
        return 0;
      } catch (LostProcessException e) {
        together.say(e.getMessage(), 0);
        return Errors.FAILURE;
      }
    } catch (RuntimeException | Error e) {
      String own = communicator.name(communicator.rank());
      err.println("error: %s: %s".formatted(own, Errors.message(e)));
      return Errors.FAILURE;
    }
  }
}
