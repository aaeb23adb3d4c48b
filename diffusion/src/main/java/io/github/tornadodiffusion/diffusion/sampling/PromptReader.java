package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.text.ClipTokenizer;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.models.clip.CLIPTextModel;
import io.github.tornadodiffusion.nn.models.clip.CLIPTextModelWithProjection;
import io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import io.github.tornadodiffusion.nn.programs.Inference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes of prompts what the UNet of a model reads: the hidden states of one text encoder, or those
 * of two side by side with the vector of the second and the sizes of the image, as SDXL does.
 */
public final class PromptReader {
  private static final int TOKENS = 77;

  private final Engine engine;
  private final StableDiffusionModel model;
  private final List<ClipTokenizer> tokenizers;
  private final Set<String> warnings = new LinkedHashSet<>();

  /**
   * What is wanted of the prompts.
   *
   * @param guidance see {@link GuidedSampling}; none up to 1
   * @param rescale see {@link GuidedSampling}
   * @param clipSkip how many layers before the usual one the hidden states are taken from; those of
   *     negative prompts are the usual ones, as in diffusers
   * @param pixels the size of the images
   */
  public record Options(double guidance, double rescale, int clipSkip, SampleSize pixels) {}

  /**
   * A reader of prompts.
   *
   * @param vocabulary a tokenizer's directory for a model that has none of its own, or null
   * @throws IOException in one line if there is no vocabulary or it cannot be read
   */
  public PromptReader(Engine engine, StableDiffusionModel model, Path vocabulary)
      throws IOException {
    this.engine = engine;
    this.model = model;
    tokenizers = model.tokenizers(vocabulary);
  }

  /** The texts that the UNet of a model reads. */
  public static UNet2DConditionModel.Text text(StableDiffusionModel model) {
    int tokens = model.texts().getFirst().config().integer("max_position_embeddings", TOKENS);
    return new UNet2DConditionModel.Text(tokens, false);
  }

  /** What was cut off, a line each. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /**
   * Reads prompts.
   *
   * @param negatives what each of them is guided away from; null for nothing in particular
   * @param promptOf the number of the prompt of every image
   * @throws IOException in one line if a text encoder cannot be read
   */
  public TextToImage.Prompts read(
      List<String> prompts, List<String> negatives, Options options, int[] promptOf)
      throws IOException {
    boolean guided = options.guidance > 1;
    List<String> others = negatives == null ? Collections.nCopies(prompts.size(), "") : negatives;
    List<Map<String, float[]>> texts = encode(prompts, options.clipSkip, options.pixels);
    List<Map<String, float[]>> against = guided ? encode(others, 0, options.pixels) : null;
    if (guided && negatives == null && model.zeroesWithoutText()) {
      against = against.stream().map(PromptReader::withoutText).toList();
    }
    return new TextToImage.Prompts(texts, against, options.guidance, options.rescale, promptOf);
  }

  private static Map<String, float[]> withoutText(Map<String, float[]> values) {
    Map<String, float[]> zeros = new HashMap<>(values);
    for (String name :
        List.of(UNet2DConditionModel.ENCODER_HIDDEN_STATES, UNet2DConditionModel.TEXT_EMBEDS)) {
      zeros.computeIfPresent(name, (key, states) -> new float[states.length]);
    }
    return zeros;
  }

  private List<Map<String, float[]>> encode(List<String> texts, int skip, SampleSize pixels)
      throws IOException {
    boolean two = tokenizers.size() > 1;
    List<List<float[]>> states = new ArrayList<>();
    float[][] pooled = new float[texts.size()][];
    for (int i = 0; i < tokenizers.size(); i++) {
      states.add(encode(i, skip, texts, pooled));
    }
    List<Map<String, float[]>> all = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      Map<String, float[]> values = new HashMap<>();
      float[] first = states.getFirst().get(i);
      values.put(
          UNet2DConditionModel.ENCODER_HIDDEN_STATES,
          two ? joined(first, states.getLast().get(i)) : first);
      if ("text_time".equals(model.unet().additionEmbedType())) {
        int h = pixels.height();
        int w = pixels.width();
        values.put(UNet2DConditionModel.TEXT_EMBEDS, pooled[i]);
        values.put(UNet2DConditionModel.TIME_IDS, new float[] {h, w, 0, 0, h, w});
      }
      all.add(values);
    }
    return all;
  }

  /** The hidden states of all texts; the vectors of the last encoder stay in {@code pooled}. */
  private List<float[]> encode(int number, int skip, List<String> texts, float[][] pooled)
      throws IOException {
    ClipTokenizer tokenizer = tokenizers.get(number);
    JsonFields config = model.texts().get(number).config();
    Map<String, HostTensor> parameters =
        model
            .adapters()
            .taught(
                number,
                tokenizer,
                model.textParameters(number, TextEncoderFiles.model(config).parameters().specs()));
    HostTensor words = parameters.get(CLIPTextModel.TOKEN_EMBEDDING);
    TextEncoder encoder =
        TextEncoderFiles.model(
            words == null ? config : config.with(Map.of("vocab_size", words.shape()[0])));
    String output = TextEncoder.LAST_HIDDEN_STATE;
    if (encoder instanceof CLIPTextModel clip) {
      // With two encoders the states before the last layer count, without normalisation.
      boolean two = tokenizers.size() > 1;
      CLIPTextModel.Options options = new CLIPTextModel.Options(false, skip + (two ? 1 : 0));
      encoder = clip.with(options);
      if (two) {
        output = CLIPTextModel.hiddenStates(clip.config().numHiddenLayers() - options.clipSkip());
      } else if (skip > 0) {
        output = CLIPTextModel.SKIPPED;
      }
    } else if (skip > 0) {
      throw new IllegalArgumentException(
          "layers of a %s cannot be skipped; leave --clip-skip out".formatted(encoder.className()));
    }
    List<float[]> states = new ArrayList<>();
    try (Inference inference =
        Inference.record(encoder, BatchShape.of(1)).open(engine, parameters)) {
      for (int i = 0; i < texts.size(); i++) {
        ClipTokenizer.Encoding encoding = tokenizer.encode(tokenizer.withAllVectors(texts.get(i)));
        if (!encoding.cutOff().isEmpty()) {
          warnings.add(encoding.warning());
        }
        inference.predict(Map.of(TextEncoder.INPUT_IDS, Input.floats(encoding.ids())));
        states.add(inference.hiddenStates(output));
        if (encoder instanceof CLIPTextModelWithProjection) {
          pooled[i] = inference.hiddenStates(CLIPTextModelWithProjection.TEXT_EMBEDS);
        }
      }
    }
    return states;
  }

  /** The channels of both for every token. */
  private float[] joined(float[] first, float[] second) {
    int tokens = tokenizers.getFirst().maxLength();
    int a = first.length / tokens;
    int b = second.length / tokens;
    float[] joined = new float[first.length + second.length];
    for (int token = 0; token < tokens; token++) {
      System.arraycopy(first, token * a, joined, token * (a + b), a);
      System.arraycopy(second, token * b, joined, token * (a + b) + a, b);
    }
    return joined;
  }
}
