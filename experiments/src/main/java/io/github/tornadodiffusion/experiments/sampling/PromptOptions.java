package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.model.Adapters;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What images of a model that reads texts show. */
final class PromptOptions {
  private static final double GUIDANCE = 7.5;
  private static final double GUIDANCE_OF_TWO_TEXTS = 5;

  /** As diffusers' pipelines ask for, whatever the autoencoder's factor is. */
  private static final int SIDE_FACTOR = 8;

  static final String PROMPT = "prompt";
  static final String NEGATIVE = "negative prompt";
  private static final int MOST_SIDE = 8192;

  private static final Pattern SCALED = Pattern.compile("(.+):(-?\\d{1,4}(?:\\.\\d{1,9})?)");

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "What the images show, for a model that reads texts; give it again for more.")
  List<String> prompts;

  @Option(
      names = "--negative",
      paramLabel = "TEXT",
      description = "What they do not show: one for all prompts, or one for each.")
  List<String> negatives;

  @Option(
      names = "--size",
      paramLabel = "WxH",
      description = "Width and height in pixels, for a model that reads texts (default: its own).")
  String size;

  @Option(
      names = "--clip-skip",
      paramLabel = "N",
      description = "Take the hidden states of the text from so many layers before the usual one.")
  Integer clipSkip;

  @Option(
      names = "--guidance-rescale",
      paramLabel = "F",
      description =
          "How far guided outputs are brought back to the contrast of unguided ones, 0 (default)"
              + " to 1.")
  Double rescale;

  @Option(
      names = "--vae-tile",
      paramLabel = "N",
      description =
          "Encode and decode images in tiles of N pixels a side, which takes less memory"
              + " (default: 0, whole).")
  Integer tile;

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR",
      description =
          "Directory with vocab.json and merges.txt, for a checkpoint of a single file, which has"
              + " none.")
  Path tokenizer;

  @Option(
      names = "--lora",
      paramLabel = "FILE[:SCALE]",
      description =
          "A LoRA to draw with, of diffusers, peft or kohya, or the directory of one, and what its"
              + " changes are multiplied by (default: 1); give it again for more.")
  List<String> loras;

  @Option(
      names = "--embedding",
      paramLabel = "FILE",
      description =
          "A word of textual inversion that prompts may use, a file or the directory of one; give"
              + " it again for more.")
  List<Path> embeddings;

  /**
   * Refuses options that a model without texts does not read.
   *
   * @throws IllegalArgumentException in one line naming the first of them
   */
  void refuse() {
    Object[] given = {
      prompts, negatives, size, clipSkip, rescale, tile, tokenizer, loras, embeddings
    };
    String[] names = {
      "--prompt",
      "--negative",
      "--size",
      "--clip-skip",
      "--guidance-rescale",
      "--vae-tile",
      "--tokenizer",
      "--lora",
      "--embedding"
    };
    for (int i = 0; i < given.length; i++) {
      if (given[i] != null) {
        throw new IllegalArgumentException(
            names[i]
                + " is for models that read texts and this one reads none; leave it out or give"
                + " another --model");
      }
    }
  }

  /** Checks the options of a model that reads texts. */
  void check() {
    if (prompts == null) {
      throw new IllegalArgumentException(
          "the model draws what a text says; give one with --prompt \"...\"");
    }
    if (negatives != null && negatives.size() != 1 && negatives.size() != prompts.size()) {
      throw new IllegalArgumentException(
          "there are %d --negative for %d --prompt; give one for all or one for each"
              .formatted(negatives.size(), prompts.size()));
    }
    if (clipSkip != null && clipSkip < 0) {
      throw new IllegalArgumentException("--clip-skip is " + clipSkip + "; give 0 or more");
    }
    if (rescale != null && !(rescale >= 0 && rescale <= 1)) {
      throw new IllegalArgumentException("--guidance-rescale is " + rescale + "; give 0 to 1");
    }
  }

  /**
   * The model with the LoRAs and words that were asked for.
   *
   * @throws IOException in one line naming the file and the first key that does not fit
   */
  StableDiffusionModel adapted(StableDiffusionModel model) throws IOException {
    if (loras == null && embeddings == null) {
      return model;
    }
    List<Adapters.LoraFile> files = new ArrayList<>();
    for (String lora : loras == null ? List.<String>of() : loras) {
      files.add(loraFile(lora));
    }
    return model.with(Adapters.read(model, files, embeddings == null ? List.of() : embeddings));
  }

  private static Adapters.LoraFile loraFile(String lora) {
    Matcher scaled = SCALED.matcher(lora);
    return scaled.matches() && !Files.exists(Path.of(lora))
        ? new Adapters.LoraFile(Path.of(scaled.group(1)), Double.parseDouble(scaled.group(2)))
        : new Adapters.LoraFile(Path.of(lora), 1);
  }

  /** The negative prompt of every prompt; null for none. */
  List<String> negatives() {
    if (negatives == null) {
      return null;
    }
    return negatives.size() == prompts.size()
        ? negatives
        : Collections.nCopies(prompts.size(), negatives.getFirst());
  }

  int clipSkip() {
    return clipSkip == null ? 0 : clipSkip;
  }

  double rescale() {
    return rescale == null ? 0 : rescale;
  }

  int tile() {
    return tile == null ? 0 : tile;
  }

  /** The scale of guidance: what was given, or the default of diffusers' pipeline. */
  static double guidance(Double given, StableDiffusionModel model) {
    return given != null ? given : model.texts().size() > 1 ? GUIDANCE_OF_TWO_TEXTS : GUIDANCE;
  }

  /**
   * Height and width of the images in pixels.
   *
   * @throws IllegalArgumentException in one line if the model cannot draw such images
   */
  SampleSize size(StableDiffusionModel model) {
    int factor = model.autoencoder().scaleFactor();
    if (size == null) {
      SampleSize own = model.unet().sampleSize();
      if (own == null) {
        throw new IllegalArgumentException(
            "the UNet's config.json has no sample_size; give the size of the images with --size");
      }
      return new SampleSize(factor * own.height(), factor * own.width());
    }
    int[] sides =
        size.matches("\\d{1,6}x\\d{1,6}")
            ? Stream.of(size.split("x")).mapToInt(Integer::parseInt).toArray()
            : new int[] {0, 0};
    int divisor = Math.max(factor, SIDE_FACTOR);
    for (int side : sides) {
      if (side < divisor || side > MOST_SIDE || side % divisor != 0) {
        throw new IllegalArgumentException(
            "--size is %s; give WIDTHxHEIGHT in multiples of %d up to %d, such as 512x512"
                .formatted(size, divisor, MOST_SIDE));
      }
    }
    return new SampleSize(sides[1], sides[0]);
  }

  /** The prompt of one of the images, and what it is guided away from. */
  Map<String, String> describe(int prompt) {
    return negatives == null
        ? Map.of(PROMPT, prompts.get(prompt))
        : Map.of(PROMPT, prompts.get(prompt), NEGATIVE, negatives().get(prompt));
  }

  /** Adds the options to the text of the files. */
  void describe(Map<String, String> text) {
    text.put(PROMPT, String.join("\n", prompts));
    if (negatives != null) {
      text.put(NEGATIVE, String.join("\n", negatives));
    }
    if (clipSkip != null) {
      text.put("clip skip", clipSkip.toString());
    }
    if (rescale != null) {
      text.put("guidance rescale", rescale.toString());
    }
    if (tile != null) {
      text.put("vae tile", tile.toString());
    }
    if (loras != null) {
      text.put("lora", String.join("\n", loras));
    }
    if (embeddings != null) {
      text.put("embedding", String.join("\n", embeddings.stream().map(Path::toString).toList()));
    }
  }
}
