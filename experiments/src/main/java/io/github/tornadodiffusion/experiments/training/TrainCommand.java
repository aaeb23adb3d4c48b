package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.training.TrainingConfig;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Trains a model. */
@Command(
    name = "train",
    subcommands = {
      TextToImageCommand.class,
      DreamBoothCommand.class,
      TextualInversionCommand.class,
      AutoencoderCommand.class
    },
    description = {
      "Trains a model and writes it, samples, the loss curve and a manifest to a directory.",
      "Without options it trains on handwritten digits that come with the program."
    })
public final class TrainCommand extends TrainingCommand {
  @Mixin TrainOptions options;

  @Override
  RecipeOptions recipe() {
    return options;
  }

  @Override
  Prepared prepare() throws IOException {
    options.fit();
    TrainingConfig oneStep = options.config();
    Dataset dataset =
        Datasets.open(
            oneStep.data(), oneStep.imageSize(), oneStep.unet().inChannels(), oneStep.seed());
    TrainingConfig config = options.complete(oneStep, dataset);
    return new Prepared(
        config,
        dataset,
        options.images::sayChosen,
        Stream.concat(options.images.losses(dataset).stream(), options.warning()).toList(),
        options.labels(config, dataset, spec.commandLine().getErr()));
  }

  @Override
  TrainingPictures pictures(
      Prepared prepared, PreviewPictures.Plan plan, Interruption interruption, PrintWriter err) {
    PreviewPictures pictures =
        new PreviewPictures((TrainingConfig) prepared.task(), plan, interruption, err);
    pictures.labels(prepared.labels());
    return pictures;
  }

  @Override
  void note(Ineffective ignored, Prepared prepared) {
    // All of its options are those of the recipe.
  }
}
