package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.TextTraining;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains on images with captions. */
@Command(
    name = "text-to-image",
    description = "Trains a model that reads texts, or a LoRA for one, on images with captions.")
public final class TextToImageCommand extends TextTrainingCommand {
  @Option(
      names = "--data",
      paramLabel = "SRC",
      description =
          "A directory or archive of images with metadata.jsonl, metadata.csv or .txt files of"
              + " their names, or Parquet files.")
  String data;

  @Option(
      names = "--caption-column",
      paramLabel = "NAME",
      defaultValue = "text",
      description = "The column of captions in a table (default: ${DEFAULT-VALUE}).")
  String column;

  @Option(
      names = "--caption-dropout",
      paramLabel = "F",
      defaultValue = "0",
      description =
          "Share of images without their caption, for guidance of a model from nothing (default:"
              + " 0).")
  double dropout;

  @Mixin LoraOptions lora;

  @Override
  void checkRequired() {
    required("--data SRC", data);
  }

  @Override
  Preset.Recipe defaults() {
    double rate = lora.rank == null ? 1e-5 : 1e-4;
    return new Preset.Recipe(4, 1000, 0, false, Optimization.constant(rate).withMaxGradNorm(1));
  }

  @Override
  TextTraining task(StableDiffusionModel base, int size) throws IOException {
    Dataset images = Datasets.openCaptioned(data, size, base.autoencoder().inChannels(), column);
    return new TextTraining(
        settings("text-to-image", base, images, images.classNames(), false, 1, dropout),
        lora.trained(),
        null);
  }

  @Override
  void note(Ineffective ignored, Prepared prepared) {
    super.note(ignored, prepared);
    lora.note(ignored);
  }
}
