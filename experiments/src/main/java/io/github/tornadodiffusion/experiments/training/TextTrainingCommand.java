package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.TextTraining;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that trains a model which reads texts. */
abstract class TextTrainingCommand extends TrainingCommand {
  private static final int SAMPLES = 4;
  private static final int SAMPLE_STEPS = 25;
  private static final double GUIDANCE = 7.5;

  @Mixin RecipeOptions recipe;

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description =
          "The model to begin with: a directory of StableDiffusionPipeline or"
              + " StableDiffusionXLPipeline, or a single .safetensors file.")
  Path model;

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR",
      description =
          "Directory with vocab.json and merges.txt, for a checkpoint of a single file, which has"
              + " none.")
  Path tokenizer;

  @Option(
      names = "--image-size",
      paramLabel = "N",
      description = "Width and height in pixels (default: the model's).")
  Integer imageSize;

  @Option(
      names = "--sample-prompt",
      paramLabel = "TEXT",
      description = "What the pictures show (default: the first captions); give it again for more.")
  List<String> samplePrompts;

  @Override
  RecipeOptions recipe() {
    return recipe;
  }

  /** Checks that the options are there that nothing works without. */
  abstract void checkRequired();

  /** The defaults of its recipe: batch, steps and optimization. */
  abstract Preset.Recipe defaults();

  /** What is trained, on what. */
  abstract TextTraining task(StableDiffusionModel base, int size) throws IOException;

  /** What is unusual, one line each. */
  List<String> warnings() {
    return List.of();
  }

  /**
   * Checks that an option is there. A run that goes on has those that it began with.
   *
   * @throws IllegalArgumentException in one line naming it
   */
  static void required(String option, Object value) {
    if (value == null) {
      throw new IllegalArgumentException(option.split(" ")[0] + " is missing; give " + option);
    }
  }

  @Override
  Prepared prepare() throws IOException {
    required("--model PATH", model);
    checkRequired();
    Ineffective given = Ineffective.of(spec);
    samples = given.given("--samples") ? samples : SAMPLES;
    sampleSteps = given.given("--sample-steps") ? sampleSteps : SAMPLE_STEPS;
    StableDiffusionModel base = StableDiffusionModel.read(model, null);
    TextTraining oneStep = task(base, size(base));
    Dataset images = oneStep.images();
    oneStep.checkData(images);
    TextTraining task =
        oneStep.withSteps(recipe.steps(defaults(), epochs -> oneStep.steps(images, epochs)));
    List<String> unusual = new ArrayList<>(warnings());
    unusual.addAll(task.warnings());
    return new Prepared(task, images, err -> {}, unusual, null);
  }

  private int size(StableDiffusionModel base) {
    if (imageSize != null) {
      return imageSize;
    }
    SampleSize own = base.unet().sampleSize();
    if (own == null) {
      throw new IllegalArgumentException(
          "the UNet's config.json has no sample_size; give the size of the images with"
              + " --image-size");
    }
    return base.autoencoder().scaleFactor() * own.height();
  }

  /**
   * The settings of a training of one step.
   *
   * @param anyCaption whether every image may have any of the captions
   * @param parts data sets that fill a batch
   * @param dropout share of captions that are left out
   */
  TextTraining.Settings settings(
      String preset,
      StableDiffusionModel base,
      Dataset images,
      List<String> captions,
      boolean anyCaption,
      int parts,
      double dropout) {
    Preset.Recipe defaults = defaults();
    Optimization optimization = recipe.optimization(defaults.optimization());
    return new TextTraining.Settings(
        preset,
        base,
        tokenizer,
        images,
        captions,
        anyCaption,
        parts * RecipeOptions.or(recipe.batch, defaults.batch()),
        1,
        RecipeOptions.or(recipe.flip, defaults.randomFlip()),
        optimization,
        recipe.seed,
        recipe.variant(dropout));
  }

  /** Opens images without captions. */
  static Dataset images(String source, StableDiffusionModel base, int size) {
    return Datasets.open(source, size, base.autoencoder().inChannels(), 0);
  }

  @Override
  TrainingPictures pictures(
      Prepared prepared, PreviewPictures.Plan plan, Interruption interruption, PrintWriter err) {
    return new TextPictures(
        (TextTraining) prepared.task(), plan, samplePrompts, GUIDANCE, interruption, err);
  }

  @Override
  void note(Ineffective ignored, Prepared prepared) {
    boolean own = ((TextTraining) prepared.task()).hasOwnTokenizer();
    ignored
        .note("--tokenizer", own, "the model has one of its own")
        .note("--sample-prompt", samples == 0, "--samples 0 draws no picture; leave it out");
  }
}
