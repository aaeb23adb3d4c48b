package io.github.tornadodiffusion.diffusion.model;

import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel.TextPart;
import io.github.tornadodiffusion.diffusion.text.ClipTokenizer;
import io.github.tornadodiffusion.diffusion.text.LearnedEmbedding;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.clip.CLIPTextModel;
import io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles;
import io.github.tornadodiffusion.nn.models.lora.Lora;
import io.github.tornadodiffusion.nn.models.lora.LoraFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What changes a model that reads texts without being one: LoRAs, which are fused with the
 * parameters as these are read, and learned words.
 *
 * @param loras one after another, each with its parts and its scale
 * @param words of textual inversion
 * @param parts parameters of whole parts of a pipeline, in place of those in its files
 */
public record Adapters(
    List<ScaledLora> loras,
    List<LearnedEmbedding> words,
    Map<String, SequencedMap<String, HostTensor>> parts) {
  /** None. */
  public static final Adapters NONE = new Adapters(List.of(), List.of(), Map.of());

  private static final String HIDDEN_SIZE = "hidden_size";

  /**
   * A file of LoRAs.
   *
   * @param parts the LoRA of every part of a pipeline
   * @param scale what their changes are multiplied by
   */
  public record ScaledLora(Map<String, Lora> parts, double scale) {}

  /** A file and the scale of its changes. */
  public record LoraFile(Path path, double scale) {}

  /**
   * Reads files for a model.
   *
   * @param loras files, or directories that diffusers or a training wrote
   * @param words likewise
   * @throws IOException in one line naming the file and the first key that does not fit the model
   */
  public static Adapters read(StableDiffusionModel model, List<LoraFile> loras, List<Path> words)
      throws IOException {
    SequencedMap<String, List<ParameterSpec>> specs = new LinkedHashMap<>();
    specs.put(
        StableDiffusionModel.UNET,
        new UNet2DConditionModel(model.unet(), UNet2DConditionModel.Text.CLIP)
            .parameters()
            .specs());
    for (int i = 0; i < model.texts().size(); i++) {
      specs.put(
          StableDiffusionModel.textEncoder(i),
          TextEncoderFiles.model(model.texts().get(i).config()).parameters().specs());
    }
    List<ScaledLora> scaled = new ArrayList<>();
    for (LoraFile lora : loras) {
      Path file = within(lora.path, LoraFiles.WEIGHTS);
      Map<String, Lora> parts = new LinkedHashMap<>();
      for (Map.Entry<String, List<ParameterSpec>> part : specs.entrySet()) {
        parts.put(part.getKey(), LoraFiles.read(file, part.getKey(), part.getValue()));
      }
      if (parts.values().stream().allMatch(part -> part.pairs().isEmpty())) {
        throw new IOException(
            "%s has no LoRA for the UNet or a text encoder; use one for this model"
                .formatted(file));
      }
      scaled.add(new ScaledLora(parts, lora.scale));
    }
    List<LearnedEmbedding> learned = new ArrayList<>();
    for (Path word : words) {
      LearnedEmbedding embedding = LearnedEmbedding.read(within(word, LearnedEmbedding.WEIGHTS));
      boolean fits = false;
      for (int i = 0; i < model.texts().size(); i++) {
        fits |= embedding.vectors(i, hiddenSize(model.texts().get(i))) != null;
      }
      if (!fits) {
        throw new IOException(
            "%s: %s has vectors of %s channels and the text encoder reads %d; use one for this model"
                .formatted(
                    embedding.file(),
                    embedding.token(),
                    embedding.widths(),
                    hiddenSize(model.texts().getFirst())));
      }
      learned.add(embedding);
    }
    return new Adapters(scaled, learned, Map.of());
  }

  private static Path within(Path path, String name) {
    return Files.isDirectory(path) ? path.resolve(name) : path;
  }

  private static int hiddenSize(TextPart part) {
    return part.config().integer(HIDDEN_SIZE, 0);
  }

  /** The parameters of a part of a pipeline with the changes of all LoRAs. */
  SequencedMap<String, HostTensor> fuse(String part, SequencedMap<String, HostTensor> parameters) {
    SequencedMap<String, HostTensor> fused = parameters;
    for (ScaledLora lora : loras) {
      fused = lora.parts.get(part) == null ? fused : lora.parts.get(part).fuse(fused, lora.scale);
    }
    return fused;
  }

  /**
   * The tokenizer of a text encoder with the learned words.
   *
   * @param number of the encoder
   * @throws IllegalArgumentException in one line if it knows one of them already
   */
  public ClipTokenizer taught(int number, TextPart part, ClipTokenizer tokenizer) {
    ClipTokenizer all = tokenizer;
    for (LearnedEmbedding word : words) {
      HostTensor vectors = word.vectors(number, hiddenSize(part));
      if (vectors != null) {
        all = all.with(LearnedEmbedding.tokens(word.token(), vectors.shape()[0]));
      }
    }
    return all;
  }

  /**
   * The parameters of a text encoder with the vectors of the learned words.
   *
   * @param tokenizer with them
   */
  public Map<String, HostTensor> taught(
      int number, ClipTokenizer tokenizer, SequencedMap<String, HostTensor> parameters) {
    HostTensor table = parameters.get(CLIPTextModel.TOKEN_EMBEDDING);
    if (table == null || words.isEmpty()) {
      return parameters;
    }
    int hiddenSize = table.shape()[1];
    for (LearnedEmbedding word : words) {
      HostTensor vectors = word.vectors(number, hiddenSize);
      if (vectors != null) {
        table = LearnedEmbedding.extended(table, tokenizer.id(word.token()), vectors);
      }
    }
    Map<String, HostTensor> all = new LinkedHashMap<>(parameters);
    all.put(CLIPTextModel.TOKEN_EMBEDDING, table);
    return all;
  }
}
