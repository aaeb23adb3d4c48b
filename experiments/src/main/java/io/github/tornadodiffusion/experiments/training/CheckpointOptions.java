package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.experiments.cli.MaxTime;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The options for when a training saves its state, and when it ends early. */
final class CheckpointOptions {
  @Option(
      names = "--checkpointing-steps",
      paramLabel = "N",
      description = "Save a checkpoint every N steps (default: every two minutes).")
  Integer steps;

  @Option(
      names = "--checkpoints-total-limit",
      paramLabel = "N",
      defaultValue = "2",
      description = "How many of the newest checkpoints are kept (default: ${DEFAULT-VALUE}).")
  int limit;

  @Option(
      names = "--max-time",
      paramLabel = "TIME",
      converter = MaxTime.class,
      description = {
        "End in order, with a checkpoint, shortly before so much time has passed since the start:",
        "minutes, MM:SS, HH:MM:SS or D-HH:MM:SS, as Slurm's --time. --resume goes on."
      })
  Duration maxTime;

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException in one line if one is invalid
   */
  void check() {
    if (steps != null && steps < 1) {
      throw new IllegalArgumentException(
          "--checkpointing-steps is %d; give at least 1".formatted(steps));
    }
    if (limit < 1) {
      throw new IllegalArgumentException(
          "--checkpoints-total-limit is %d; give at least 1".formatted(limit));
    }
  }
}
