package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.training.Optimization;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.TextTraining;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Learns a word for what a few images show. */
@Command(
    name = "textual-inversion",
    description = "Learns a new word for what a few images show; the model stays as it is.")
public final class TextualInversionCommand extends TextTrainingCommand {
  /** The sentences of Gal et al. (2022). */
  private static final List<String> OBJECT =
      List.of(
          "a photo of a %s",
          "a rendering of a %s",
          "a cropped photo of the %s",
          "the photo of a %s",
          "a photo of a clean %s",
          "a photo of a dirty %s",
          "a dark photo of the %s",
          "a photo of my %s",
          "a photo of the cool %s",
          "a close-up photo of a %s",
          "a bright photo of the %s",
          "a cropped photo of a %s",
          "a photo of the %s",
          "a good photo of the %s",
          "a photo of one %s",
          "a close-up photo of the %s",
          "a rendition of the %s",
          "a photo of the clean %s",
          "a rendition of a %s",
          "a photo of a nice %s",
          "a good photo of a %s",
          "a photo of the nice %s",
          "a photo of the small %s",
          "a photo of the weird %s",
          "a photo of the large %s",
          "a photo of a cool %s",
          "a photo of a small %s");

  private static final List<String> STYLE =
      List.of(
          "a painting in the style of %s",
          "a rendering in the style of %s",
          "a cropped painting in the style of %s",
          "the painting in the style of %s",
          "a clean painting in the style of %s",
          "a dark painting in the style of %s",
          "a picture in the style of %s",
          "a cool painting in the style of %s",
          "a close-up painting in the style of %s",
          "a bright painting in the style of %s",
          "a good painting in the style of %s",
          "a nice painting in the style of %s",
          "a small painting in the style of %s",
          "a large painting in the style of %s");

  @Option(
      names = "--data",
      paramLabel = "SRC",
      description = "A directory or archive of the images.")
  String data;

  @Option(
      names = "--placeholder-token",
      paramLabel = "WORD",
      description = "The new word, for instance <cat-toy>.")
  String word;

  @Option(
      names = "--initializer-token",
      paramLabel = "WORD",
      description = "A known word that it begins as, for instance toy.")
  String initializer;

  @Option(
      names = "--num-vectors",
      paramLabel = "N",
      defaultValue = "1",
      description = "Vectors of the word (default: ${DEFAULT-VALUE}).")
  int vectors;

  @Option(
      names = "--learnable-property",
      paramLabel = "NAME",
      defaultValue = "object",
      description = "object (default) or style: the sentences that the word stands in.")
  String property;

  @Override
  void checkRequired() {
    required("--data SRC", data);
    required("--placeholder-token WORD", word);
    required("--initializer-token WORD", initializer);
  }

  @Override
  Preset.Recipe defaults() {
    return new Preset.Recipe(4, 3000, 0, false, Optimization.constant(5e-4));
  }

  @Override
  TextTraining task(StableDiffusionModel base, int size) throws IOException {
    if (vectors < 1) {
      throw new IllegalArgumentException("--num-vectors is " + vectors + "; give 1 or more");
    }
    if (!List.of("object", "style").contains(property)) {
      throw new IllegalArgumentException(
          "--learnable-property is " + property + "; give object or style");
    }
    Stream<String> templates = (property.equals("style") ? STYLE : OBJECT).stream();
    return new TextTraining(
        settings(
            "textual-inversion",
            base,
            images(data, base, size),
            templates.map(template -> template.formatted(word)).toList(),
            true,
            1,
            0),
        new TextTraining.Trained(false, null, new TextTraining.Word(word, vectors, initializer)),
        null);
  }
}
