package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.TextImages;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.TextTraining;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.Progress;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Teaches a model one thing by a few images of it. */
@Command(
    name = "dreambooth",
    description = {
      "Teaches a model that reads texts one thing by a few images of it (DreamBooth), or makes a"
          + " LoRA for it.",
      "With --class-prompt it learns from images of other such things, too, and does not forget"
          + " them; those that are missing are drawn by the model before it is trained."
    })
public final class DreamBoothCommand extends TextTrainingCommand {
  private static final String NO_CLASS = "it is for --class-prompt; leave it out";

  @Option(names = "--instance-data", paramLabel = "DIR", description = "The images of the thing.")
  Path instances;

  @Option(
      names = "--instance-prompt",
      paramLabel = "TEXT",
      description = "What they show, with a rare word for the thing: \"a photo of sks dog\".")
  String instancePrompt;

  @Option(
      names = "--class-prompt",
      paramLabel = "TEXT",
      description = "What others of its kind show: \"a photo of a dog\" (prior preservation).")
  String classPrompt;

  @Option(
      names = "--class-data",
      paramLabel = "DIR",
      description = "Images of these; missing ones are drawn into it.")
  Path classData;

  @Option(
      names = "--num-class-images",
      paramLabel = "N",
      defaultValue = "100",
      description = "How many there are at least (default: ${DEFAULT-VALUE}).")
  int classImages;

  @Option(
      names = "--prior-loss-weight",
      paramLabel = "F",
      defaultValue = "1",
      description = "Weight of their loss (default: ${DEFAULT-VALUE}).")
  double priorWeight;

  @Mixin LoraOptions lora;

  @Override
  void checkRequired() {
    required("--instance-data DIR", instances);
    required("--instance-prompt TEXT", instancePrompt);
  }

  @Override
  Preset.Recipe defaults() {
    double rate = lora.rank == null ? 5e-6 : 1e-4;
    return new Preset.Recipe(1, 400, 0, false, Optimization.constant(rate).withMaxGradNorm(1));
  }

  @Override
  TextTraining task(StableDiffusionModel base, int size) throws IOException {
    if (!Files.isDirectory(instances)) {
      throw new IOException(
          "--instance-data %s is not a directory; give one with images".formatted(instances));
    }
    Dataset images = images(instances.toString(), base, size);
    if (classPrompt == null) {
      return new TextTraining(
          settings("dreambooth", base, images, List.of(instancePrompt), true, 1, 0),
          lora.trained(),
          null);
    }
    if (classData == null) {
      throw new IllegalArgumentException(
          "--class-prompt needs --class-data DIR, where images of the class are or are drawn to");
    }
    if (!(priorWeight > 0 && priorWeight <= 1000) || classImages < 1) {
      throw new IllegalArgumentException(
          "--prior-loss-weight is %s and --num-class-images %d; give above 0 and at least 1"
              .formatted(priorWeight, classImages));
    }
    drawMissing(base, size);
    return new TextTraining(
        settings("dreambooth", base, images, List.of(instancePrompt, classPrompt), false, 2, 0),
        lora.trained(),
        new TextTraining.Prior(images(classData.toString(), base, size), priorWeight));
  }

  /** Draws the images of the class that are missing. */
  private void drawMissing(StableDiffusionModel base, int size) throws IOException {
    Files.createDirectories(classData);
    int there;
    try (Stream<Path> files = Files.list(classData)) {
      there = (int) files.filter(file -> file.toString().matches(".*\\.(png|jpe?g|webp)")).count();
    }
    int missing = classImages - there;
    if (missing <= 0) {
      return;
    }
    if (Mpi.join().size() > 1) {
      throw new IllegalArgumentException(
          "%d of %d images of the class are missing in %s; have one process draw them first"
              .formatted(missing, classImages, classData));
    }
    PrintWriter err = spec.commandLine().getErr();
    err.println(
        "%d of %d images of \"%s\" are missing in %s and are drawn"
            .formatted(missing, classImages, classPrompt, classData));
    try (Engine engine = device.open(false, err)) {
      // Few at a time, each a file at once, so that those that are there are kept.
      for (int done = 0; done < missing; done++) {
        TextImages one =
            new TextImages(
                List.of(classPrompt), size, 1, sampleSteps, 7.5, recipe.seed + there + done);
        try (Progress progress = Progress.on(err, "class images", done, missing)) {
          float[] drawn = one.draw(engine, base, tokenizer, (calls, total) -> {});
          progress.update(done + 1, "");
          PngFiles.write(
              classData.resolve("class-%05d.png".formatted(there + done)),
              ImageGrid.single(drawn, 0, base.autoencoder().outChannels(), size, size),
              Map.of("prompt", classPrompt));
        }
      }
    }
  }

  @Override
  void note(Ineffective ignored, Prepared prepared) {
    super.note(ignored, prepared);
    lora.note(ignored);
    for (String option : List.of("--class-data", "--num-class-images", "--prior-loss-weight")) {
      ignored.note(option, classPrompt == null, NO_CLASS);
    }
  }
}
