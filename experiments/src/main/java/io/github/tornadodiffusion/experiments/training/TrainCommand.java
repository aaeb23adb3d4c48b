package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.cli.Deadline;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Manifest;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.profile.ProfileOptions;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a model. */
@Command(
    name = "train",
    description = {
      "Trains a model and writes it, samples, the loss curve and a manifest to a directory.",
      "Without options it trains on handwritten digits that come with the program."
    })
public final class TrainCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Mixin TrainOptions options;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory for the results, new or empty (default: runs/PRESET-TIME).")
  Path out;

  @Option(
      names = "--resume",
      description = "Go on with the run in --out, with the options that it began with.")
  boolean resume;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "64",
      description = "Images of the picture at the end (default: ${DEFAULT-VALUE}).")
  int samples;

  @Option(
      names = "--sample-steps",
      paramLabel = "N",
      defaultValue = "100",
      description = "DDIM steps to each of them (default: ${DEFAULT-VALUE}).")
  int sampleSteps;

  @Mixin CheckpointOptions checkpoints;

  @Mixin ProfileOptions profile;

  @Mixin DeviceOptions device;

  @Override
  public Integer call() throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    device.check();
    profile.check();
    checkpoints.check();
    if (resume && out == null) {
      throw new IllegalArgumentException("--resume needs --out DIR, the run to go on with");
    }
    if (samples < 1 || sampleSteps < 1) {
      throw new IllegalArgumentException(
          "--samples is %d and --sample-steps %d; give at least 1".formatted(samples, sampleSteps));
    }
    TrainingConfig oneStep = options.config();
    RunDirectory directory =
        out == null ? RunDirectory.named(oneStep.preset()) : new RunDirectory(out);
    if (!resume) {
      directory.checkFree(TrainingRun.OCCUPIED);
    }
    Dataset dataset =
        Datasets.open(
            oneStep.data(), oneStep.imageSize(), oneStep.unet().inChannels(), oneStep.seed());
    for (String warning : dataset.warnings()) {
      err.println("warning: " + Messages.line(warning));
    }
    TrainingConfig config = options.complete(oneStep, dataset);
    try (Interruption interruption = new Interruption(Deadline.sinceStart(checkpoints.maxTime))) {
      TrainingRun run =
          new TrainingRun(
              config,
              new TrainingRun.Preview(samples, Math.min(sampleSteps, config.trainTimesteps())),
              dataset,
              directory,
              new Manifest(spec.root().commandLine().getParseResult().originalArgs()),
              checkpoints,
              interruption,
              err);
      return run.execute(device, profile, resume, spec.commandLine().getOut());
    }
  }
}
