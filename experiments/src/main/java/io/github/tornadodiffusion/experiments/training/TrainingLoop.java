package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.training.Checkpoints.Checkpoint;
import io.github.tornadodiffusion.diffusion.training.DivergenceException;
import io.github.tornadodiffusion.diffusion.training.LossCurve;
import io.github.tornadodiffusion.diffusion.training.LossSpike;
import io.github.tornadodiffusion.diffusion.training.Trainer;
import io.github.tornadodiffusion.diffusion.training.TrainingTask;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.cli.Shell;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The steps of a training, and the files and messages that it writes meanwhile. */
final class TrainingLoop {
  /** The loss that is shown is the mean over this many steps. */
  private static final int SHOWN_STEPS = 50;

  /** A run that is killed loses at most this much time by default. */
  private static final long CHECKPOINT_NANOS = 120_000_000_000L;

  /** How often the loss curve is written, for those who watch. */
  private static final long CURVE_NANOS = 10_000_000_000L;

  /** More spikes than this are counted, not shown. */
  private static final int MOST_SPIKES = 10;

  private static final boolean BARS_ARE_SHOWN = LossBars.areShown();

  private final Trainer trainer;
  private final TrainingTask config;
  private final RunDirectory directory;
  private final CheckpointOptions options;
  private final Interruption interruption;
  private final PrintWriter err;
  private final List<LossSpike> spikes = new ArrayList<>();
  private PreviewPictures.Plan plan;
  private Picture picture;
  private Checkpoint last;
  private long savedAt;
  private long curveAt;

  /**
   * Prepares the rest of a run.
   *
   * @param last the checkpoint that it continues from, or null
   */
  TrainingLoop(
      Trainer trainer,
      TrainingTask config,
      RunDirectory directory,
      Checkpoint last,
      CheckpointOptions options,
      Interruption interruption,
      PrintWriter err) {
    this.trainer = trainer;
    this.config = config;
    this.directory = directory;
    this.last = last;
    this.options = options;
    this.interruption = interruption;
    this.err = err;
  }

  /** Draws a picture of samples. */
  @FunctionalInterface
  interface Picture {
    /** Returns false if the process was asked to end before. */
    boolean draw(Path file) throws IOException;
  }

  /** Has pictures drawn on the way. */
  void pictures(PreviewPictures.Plan wanted, Picture drawn) {
    plan = wanted;
    picture = drawn;
  }

  /** The steps whose loss was far above those before. */
  List<LossSpike> spikes() {
    return spikes;
  }

  /**
   * Trains to the last step, or until the process is asked to end, and saves a checkpoint.
   *
   * @throws DivergenceException if the loss or a gradient is no longer a number
   * @throws IllegalStateException in one line if a file cannot be written
   */
  void run() {
    savedAt = System.nanoTime();
    curveAt = savedAt;
    try (Progress progress = Progress.on(err, "train", trainer.step(), config.steps())) {
      while (trainer.step() < config.steps() && !interruption.requested()) {
        step(progress);
      }
    } catch (DivergenceException e) {
      writeCurve();
      throw e;
    }
    save();
    writeCurve();
  }

  private void step(Progress progress) {
    long start = System.nanoTime();
    trainer.runTo(
        trainer.step() + 1,
        row ->
            progress.update(
                row.step(),
                details(trainer.curve(), row),
                width -> BARS_ARE_SHOWN ? LossBars.of(trainer.curve().rows(), width) : ""));
    report(LossSpike.last(trainer.curve()), progress);
    draw(progress);
    long now = System.nanoTime();
    interruption.deadline().piece(now - start);
    boolean due =
        options.steps == null
            ? now - savedAt > CHECKPOINT_NANOS
            : trainer.step() % options.steps == 0;
    if (due) {
      save();
    }
    // A checkpoint contains its own curve.
    if (now - curveAt > CURVE_NANOS) {
      writeCurve();
    }
  }

  private void draw(Progress progress) {
    if (plan == null || !plan.isDue(trainer.step(), config.steps())) {
      return;
    }
    Path file = directory.samplesAt(trainer.step());
    try {
      if (picture.draw(file)) {
        progress.interrupt("samples of step %d: %s".formatted(trainer.step(), file));
      }
    } catch (IOException e) {
      throw failure(e.getMessage());
    }
  }

  private void report(LossSpike spike, Progress progress) {
    if (spike == null) {
      return;
    }
    spikes.add(spike);
    if (spikes.size() <= MOST_SPIKES) {
      progress.interrupt(
          String.format(
              Locale.ROOT,
              "warning: the loss of step %d is %.4f, that of the steps before %.4f%s",
              spike.step(),
              spike.loss(),
              spike.usual(),
              spikes.size() == MOST_SPIKES ? "; more such steps stand in the manifest only" : ""));
    }
  }

  private void save() {
    if (last != null && last.step() == trainer.step()) {
      return;
    }
    long start = System.nanoTime();
    try {
      last = trainer.save(directory.checkpoints(), options.limit);
    } catch (IOException e) {
      throw failure(e.getMessage());
    }
    savedAt = System.nanoTime();
    interruption.deadline().save(savedAt - start);
  }

  private void writeCurve() {
    try {
      trainer.curve().write(directory.lossCsv());
    } catch (IOException e) {
      throw failure(e.getMessage());
    }
    curveAt = System.nanoTime();
  }

  /** The newest checkpoint, or null. */
  Checkpoint last() {
    return last;
  }

  /** The checkpoint to continue from, for messages. */
  String lastInWords() {
    return last == null
        ? "there is no checkpoint yet"
        : "the last checkpoint, %s, is whole".formatted(last.path());
  }

  private IllegalStateException failure(String cause) {
    String goesOn = last == null ? "" : ": " + resumeCommand(config, directory);
    return new IllegalStateException(cause + "; " + lastInWords() + goesOn);
  }

  /** The command that continues a run. */
  static String resumeCommand(TrainingTask task, RunDirectory directory) {
    return "%s %s --out %s --resume goes on"
        .formatted(Shell.program(), task.command(), Shell.quoted(directory.path().toString()));
  }

  private String details(LossCurve curve, LossCurve.Row row) {
    List<LossCurve.Row> rows = curve.rows();
    double seconds =
        rows.subList(Math.max(0, rows.size() - SHOWN_STEPS), rows.size()).stream()
            .mapToDouble(r -> config.imagesPerStep() / r.imagesPerSecond())
            .average()
            .orElse(config.imagesPerStep() / row.imagesPerSecond());
    double rate = config.imagesPerStep() / seconds;
    return String.format(
        Locale.ROOT,
        rate < 10 ? "loss %.4f  %.1f images/s" : "loss %.4f  %.0f images/s",
        curve.meanLoss(SHOWN_STEPS),
        rate);
  }
}
