package io.github.tornadodiffusion.experiments.framework;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.training.Checkpoints;
import io.github.tornadodiffusion.diffusion.training.LossCurve;
import io.github.tornadodiffusion.diffusion.training.Processes;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.util.concurrent.CancellationException;

/**
 * A training within a unit: where the unit is stopped, or its process killed, it goes on from its
 * last checkpoint and ends with the same model.
 */
public final class KeptTraining {
  /** A process that is killed loses at most this much. */
  private static final long CHECKPOINT_NANOS = 120_000_000_000L;

  private final TrainingConfig config;
  private final Checkpoints checkpoints;
  private long savedAt = System.nanoTime();

  private KeptTraining(TrainingConfig config, Checkpoints checkpoints) {
    this.config = config;
    this.checkpoints = checkpoints;
  }

  /**
   * Trains to the last step.
   *
   * @param program of the training, see {@link Trainer#program}
   * @param sink of the unit
   * @param listener hears of every step; what it throws stops the training, which is kept
   * @return the trainer with the model, to be closed
   * @throws IOException in one line if a checkpoint cannot be read or written
   */
  @SuppressWarnings("MustBeClosedChecker") // the caller closes it
  public static Trainer run(
      Engine engine,
      TrainingConfig config,
      Dataset dataset,
      RecordedProgram<Training> program,
      Experiment.Sink sink,
      Trainer.Listener listener)
      throws IOException {
    Checkpoints checkpoints = sink.unfinished().map(Checkpoints::of).orElse(null);
    Trainer trainer =
        checkpoints == null || checkpoints.all().isEmpty()
            ? new Trainer(engine, config, dataset, program, Processes.ALONE)
            : Trainer.resume(
                engine,
                config,
                dataset,
                checkpoints.newest().checkpoint(),
                program,
                Processes.ALONE);
    try {
      new KeptTraining(config, checkpoints).train(trainer, listener);
      return trainer;
    } catch (IOException | RuntimeException e) {
      trainer.close();
      throw e;
    }
  }

  /**
   * How long the steps took that an earlier process did, in seconds.
   *
   * @param before how many those are
   */
  public static double secondsBefore(TrainingConfig config, LossCurve curve, int before) {
    return curve.rows().subList(0, before).stream()
        .mapToDouble(row -> config.imagesPerStep() / row.imagesPerSecond())
        .sum();
  }

  private void train(Trainer trainer, Trainer.Listener listener) throws IOException {
    while (trainer.step() < config.steps()) {
      try {
        trainer.runTo(trainer.step() + 1, listener);
      } catch (CancellationException e) {
        save(trainer);
        throw e;
      }
      if (System.nanoTime() - savedAt > CHECKPOINT_NANOS) {
        save(trainer);
      }
    }
  }

  private void save(Trainer trainer) throws IOException {
    if (checkpoints != null) {
      checkpoints.makeDirectory();
      trainer.save(checkpoints, 1);
      savedAt = System.nanoTime();
    }
  }
}
