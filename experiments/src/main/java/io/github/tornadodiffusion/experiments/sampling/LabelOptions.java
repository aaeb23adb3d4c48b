package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.data.ChosenClasses;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.sampling.GuidedSampling;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.SamplingModel;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** The classes of the images, and how strongly samples are guided towards them. */
final class LabelOptions {
  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "LABEL",
      description =
          "Classes of the images by name or number, repeated as needed (default: all in turn).")
  List<String> labels;

  @Option(
      names = "--guidance",
      paramLabel = "W",
      description =
          "Classifier-free guidance of a model trained with --label-dropout: 1 is off (default),"
              + " more is more like the class.")
  Double guidance;

  /**
   * The class of every image.
   *
   * @param model the model's directory
   * @return null for a model without classes
   * @throws IllegalArgumentException in one line if the model does not have such classes
   */
  int[] classes(Path model, DenoisingModel network, int count) throws IOException {
    if (!network.conditioned()) {
      if (labels != null) {
        throw new IllegalArgumentException(
            "--labels is given but the model has no classes; leave it out");
      }
      return null;
    }
    if (network instanceof UNet2DModel unet && unet.config().classVectorLength() > 0) {
      throw new IllegalArgumentException(
          "the model takes vectors as classes (class_embed_type identity); only predict can give it"
              + " any");
    }
    ClassLabels known = ClassLabels.read(model, network.numClassEmbeds());
    if (labels == null) {
      if (known == null) {
        throw new IllegalArgumentException(
            "the model does not say which classes there are; name them with --labels");
      }
      return ModelSampler.labelsInTurn(known, count);
    }
    int[] asked = labels.stream().mapToInt(label -> number(label, known, network)).toArray();
    return IntStream.range(0, count).map(i -> asked[i % asked.length]).toArray();
  }

  /** The class of a name or a number; a name is one where it is a number too. */
  private static int number(String label, ClassLabels known, DenoisingModel network) {
    // The class of images without label is not in turn, but may be asked for.
    int number =
        known == null
            ? ChosenClasses.label(label, List.of(), Integer.MAX_VALUE)
            : ChosenClasses.label(label, known.names(), network.numClassEmbeds());
    if (number < 0) {
      throw new IllegalArgumentException(
          "there is no label '%s'; the model has %s"
              .formatted(
                  Messages.line(label), known == null ? "numbers from 0 on" : known.describe()));
    }
    return number;
  }

  /** Notes labels that no image has, of so many. */
  void note(Ineffective options, int count) {
    if (labels != null && labels.size() > count) {
      options.note(
          "--labels %s".formatted(String.join(",", labels.subList(count, labels.size()))),
          "there are only %d images; use a larger --count".formatted(count));
    }
  }

  /**
   * The model, with guidance if that is requested.
   *
   * @param model the model's directory
   * @throws IllegalArgumentException in one line if the model has no label that means none
   */
  UnaryOperator<SamplingModel> guided(Path model, DenoisingModel network) throws IOException {
    if (guidance == null) {
      return UnaryOperator.identity();
    }
    if (!(guidance >= 0 && guidance <= 1000)) {
      throw new IllegalArgumentException("--guidance is " + guidance + "; give 0 to 1000");
    }
    ClassLabels known = ClassLabels.read(model, network.numClassEmbeds());
    if (known == null || known.nullClass() == null) {
      throw new IllegalArgumentException(
          "--guidance needs a model that also knows images without class; train one with"
              + " --class-conditional --label-dropout 0.1");
    }
    double scale = guidance;
    // Without guidance there is one call of the model instead of two.
    return scale == 1
        ? UnaryOperator.identity()
        : sampled -> new GuidedSampling(sampled, scale, known.nullClass());
  }

  /** Adds the options to the text of the files. */
  void describe(Map<String, String> text) {
    if (labels != null) {
      text.put("labels", labels.toString());
    }
    if (guidance != null) {
      text.put("guidance", guidance.toString());
    }
  }
}
