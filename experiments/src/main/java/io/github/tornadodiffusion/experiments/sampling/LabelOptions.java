package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.sampling.GuidedSampling;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.SamplingModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Option;

/** The classes of the images, and how strongly samples are guided towards them. */
final class LabelOptions {
  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "LABEL",
      description = "Classes of the images, repeated as needed (default: all in turn).")
  List<Integer> labels;

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
  int[] classes(Path model, UNet2DConfig config, int count) throws IOException {
    if (!config.conditioned()) {
      if (labels != null) {
        throw new IllegalArgumentException(
            "--labels is given but the model has no classes; leave it out");
      }
      return null;
    }
    if (config.classVectorLength() > 0) {
      throw new IllegalArgumentException(
          "the model takes vectors as classes (class_embed_type identity); only predict can give it"
              + " any");
    }
    boolean numbered = config.classEmbedType() == null;
    if (labels == null) {
      if (!numbered) {
        throw new IllegalArgumentException(
            "the model does not say which classes there are; name them with --labels");
      }
      return ModelSampler.labelsInTurn(ClassLabels.read(model, config), count);
    }
    // The class of images without a label is not used in turn, but can be requested.
    int last = numbered ? config.numClassEmbeds() - 1 : Integer.MAX_VALUE;
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      classes[i] = labels.get(i % labels.size());
      if (numbered && (classes[i] < 0 || classes[i] > last)) {
        throw new IllegalArgumentException(
            "there is no label %d; the model has 0 to %d".formatted(classes[i], last));
      }
    }
    return classes;
  }

  /**
   * The model, with guidance if that is requested.
   *
   * @param model the model's directory
   * @throws IllegalArgumentException in one line if the model has no label that means none
   */
  UnaryOperator<SamplingModel> guided(Path model, UNet2DConfig config) throws IOException {
    if (guidance == null) {
      return UnaryOperator.identity();
    }
    if (!(guidance >= 0 && guidance <= 1000)) {
      throw new IllegalArgumentException("--guidance is " + guidance + "; give 0 to 1000");
    }
    ClassLabels known = ClassLabels.read(model, config);
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
