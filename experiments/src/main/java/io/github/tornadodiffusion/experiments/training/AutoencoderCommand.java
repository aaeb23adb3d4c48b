package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.training.AutoencoderTraining;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains an autoencoder. */
@Command(
    name = "autoencoder",
    description = "Trains an AutoencoderKL, new or that of a model, to give images back.")
public final class AutoencoderCommand extends TrainingCommand {
  private static final String OF_THE_MODEL = "it is that of the --model; leave it out";

  private static final int PICTURED = 8;

  @Mixin RecipeOptions recipe;

  @Option(
      names = "--data",
      paramLabel = "SRC",
      description = "Images, as for train: butterflies, a directory, an archive.")
  String data;

  @Option(
      names = "--image-size",
      paramLabel = "N",
      defaultValue = "32",
      description = "Width and height in pixels (default: ${DEFAULT-VALUE}).")
  int imageSize;

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description = "Begin with the autoencoder of this model, a directory or single file.")
  Path model;

  @Option(
      names = "--block-out-channels",
      paramLabel = "NUMBERS",
      split = ",",
      description = "Channels of a new one's levels (default: 32,64).")
  List<Integer> channels;

  @Option(
      names = "--layers-per-block",
      paramLabel = "N",
      description = "Residual blocks of each of its levels (default: 1).")
  Integer layers;

  @Option(
      names = "--kl-weight",
      paramLabel = "F",
      defaultValue = "1e-6",
      description =
          "Weight of the divergence of the latents from the normal distribution (default:"
              + " ${DEFAULT-VALUE}).")
  double klWeight;

  @Override
  RecipeOptions recipe() {
    return recipe;
  }

  @Override
  Prepared prepare() throws IOException {
    TextTrainingCommand.required("--data SRC", data);
    samples = Ineffective.of(spec).given("--samples") ? samples : PICTURED;
    AutoencoderKLConfig config;
    SequencedMap<String, HostTensor> base = null;
    String hash = null;
    if (model == null) {
      config =
          AutoencoderKLConfig.of(
              channels == null ? List.of(32, 64) : channels, layers == null ? 1 : layers);
    } else {
      StableDiffusionModel whole = StableDiffusionModel.read(model, null);
      config = whole.autoencoder();
      base = whole.autoencoderParameters(new AutoencoderKL(config).parameters().specs());
      hash = whole.hash();
    }
    Dataset images = Datasets.open(data, imageSize, config.inChannels(), recipe.seed);
    Preset.Recipe defaults =
        new Preset.Recipe(8, 1000, 0, false, Optimization.constant(1e-4).withMaxGradNorm(1));
    AutoencoderTraining oneStep =
        new AutoencoderTraining(
            config,
            base,
            hash,
            images,
            klWeight,
            RecipeOptions.or(recipe.batch, defaults.batch()),
            1,
            RecipeOptions.or(recipe.flip, defaults.randomFlip()),
            recipe.optimization(defaults.optimization()),
            recipe.seed,
            recipe.variant(0));
    oneStep.checkData(images);
    AutoencoderTraining task =
        oneStep.withSteps(recipe.steps(defaults, epochs -> oneStep.steps(images, epochs)));
    return new Prepared(task, images, err -> {}, List.of(), null);
  }

  @Override
  TrainingPictures pictures(
      Prepared prepared, PreviewPictures.Plan plan, Interruption interruption, PrintWriter err) {
    return new ReconstructionPictures((AutoencoderTraining) prepared.task(), plan);
  }

  @Override
  void note(Ineffective ignored, Prepared prepared) {
    ignored
        .note("--block-out-channels", model != null, OF_THE_MODEL)
        .note("--layers-per-block", model != null, OF_THE_MODEL)
        .note("--sample-steps", true, "an autoencoder samples nothing; leave it out")
        .note("--snr-gamma", true, "there is no noise to weigh; leave it out")
        .note("--loss-weight", true, "there is no noise to weigh; leave it out")
        .note("--timestep-density", true, "there are no timesteps; leave it out");
  }
}
