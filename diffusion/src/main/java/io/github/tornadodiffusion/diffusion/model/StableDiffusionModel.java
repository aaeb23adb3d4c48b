package io.github.tornadodiffusion.diffusion.model;

import io.github.tornadodiffusion.diffusion.schedulers.SamplerName;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.text.ClipTokenizer;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Sha256;
import io.github.tornadodiffusion.nn.io.WeightFiles;
import io.github.tornadodiffusion.nn.models.ParameterFiles;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.models.checkpoint.SingleFile;
import io.github.tornadodiffusion.nn.models.checkpoint.SingleFile.Family;
import io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A model that draws what a text says, in a directory as diffusers' StableDiffusionPipeline and
 * StableDiffusionXLPipeline save it, or in a single file (see {@link SingleFile}). Parameters are
 * read when they are asked for, because all of them together may be more than is needed at once.
 *
 * @param source the directory or file
 * @param scheduler its own, or the one that was asked for
 * @param unet the UNet's configuration
 * @param autoencoder the autoencoder's configuration
 * @param texts of the text encoders: one, or two for SDXL
 * @param zeroesWithoutText whether an image without a negative prompt is guided away from zeros,
 *     and not from the empty text
 * @param adapters what changes its parameters when they are read
 */
public record StableDiffusionModel(
    Path source,
    Scheduler scheduler,
    UNet2DConditionConfig unet,
    AutoencoderKLConfig autoencoder,
    List<TextPart> texts,
    boolean zeroesWithoutText,
    Adapters adapters) {
  /**
   * A text encoder and its tokenizer.
   *
   * @param config the fields of the encoder's {@code config.json}
   * @param tokenizer the directory of its vocabulary, or null for the one of OpenAI's CLIP
   * @param padding the token that short texts are filled up with, where the tokenizer is null
   */
  public record TextPart(JsonFields config, Path tokenizer, String padding) {}

  /** The part of a pipeline that is its UNet. */
  public static final String UNET = "unet";

  private static final String VAE = "vae";
  private static final String SCHEDULER = "scheduler";

  /** What a pipeline may have beside what is read: it changes no image. */
  private static final Set<String> UNUSED =
      Set.of("safety_checker", "feature_extractor", "image_encoder", "watermark");

  private static final Set<String> READ =
      Set.of(UNET, VAE, SCHEDULER, "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2");

  /** The noise schedule of all families. */
  private static final Map<String, Object> BETAS =
      Map.of(
          "beta_start",
          0.00085,
          "beta_end",
          0.012,
          "beta_schedule",
          "scaled_linear",
          "steps_offset",
          1,
          "timestep_spacing",
          "leading");

  /** Whether a model directory or file is of this kind, by its index or its being a file. */
  public static boolean isOne(Path source) throws IOException {
    Path index = source.resolve(DiffusionModel.INDEX);
    return Files.isRegularFile(source)
        || Files.isRegularFile(index) && Json.read(index, fields -> fields.isList("text_encoder"));
  }

  /**
   * Reads what a model is, without its parameters.
   *
   * @param sampler the scheduler to sample with, see {@link SamplerName#of}; null for its own
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  public static StableDiffusionModel read(Path source, String sampler) throws IOException {
    SamplerName wanted = sampler == null ? null : SamplerName.of(sampler);
    return Files.isRegularFile(source) ? ofFile(source, wanted) : ofDirectory(source, wanted);
  }

  private static StableDiffusionModel ofDirectory(Path directory, SamplerName wanted)
      throws IOException {
    Path index = directory.resolve(DiffusionModel.INDEX);
    JsonFields fields = Json.read(index, StableDiffusionModel::checked);
    for (String part : List.of(UNET, VAE, SCHEDULER, "text_encoder", "tokenizer")) {
      if (!Files.isDirectory(directory.resolve(part))) {
        throw new IOException(
            "%s has no %s, which its %s names: fetch or save the model again"
                .formatted(directory, part, DiffusionModel.INDEX));
      }
    }
    Scheduler scheduler =
        Schedulers.read(
            directory.resolve(SCHEDULER).resolve("scheduler_config.json"),
            fields.strings(SCHEDULER, List.of()).getLast(),
            index,
            wanted);
    boolean second = Files.isDirectory(directory.resolve("text_encoder_2"));
    return new StableDiffusionModel(
        directory,
        scheduler,
        UNet2DConditionConfig.read(directory.resolve(UNET).resolve(ParameterFiles.CONFIG)),
        AutoencoderKLConfig.read(directory.resolve(VAE).resolve(ParameterFiles.CONFIG)),
        second ? List.of(part(directory, ""), part(directory, "_2")) : List.of(part(directory, "")),
        fields.bool("force_zeros_for_empty_prompt", false),
        Adapters.NONE);
  }

  /** The same with LoRAs and learned words. */
  public StableDiffusionModel with(Adapters more) {
    return new StableDiffusionModel(
        source, scheduler, unet, autoencoder, texts, zeroesWithoutText, more);
  }

  private static JsonFields checked(JsonFields index) {
    for (String key : index.keys()) {
      if (index.isList(key)
          && !READ.contains(key)
          && !UNUSED.contains(key)
          && !index.isListOfNulls(key)) {
        throw new IllegalArgumentException(
            "the pipeline has a %s too, which is not computed: give a StableDiffusionPipeline or"
                    .formatted(key)
                + " StableDiffusionXLPipeline");
      }
    }
    return index;
  }

  private static TextPart part(Path directory, String number) throws IOException {
    return new TextPart(
        Json.read(
            directory.resolve("text_encoder" + number).resolve(ParameterFiles.CONFIG),
            fields -> fields),
        directory.resolve("tokenizer" + number),
        null);
  }

  private static StableDiffusionModel ofFile(Path file, SamplerName wanted) throws IOException {
    try (SingleFile checkpoint = SingleFile.open(file)) {
      Family family = checkpoint.family();
      UNet2DConditionConfig unet =
          UNet2DConditionConfig.of(
              unetFields(family).with(Map.of("in_channels", checkpoint.inChannels())));
      Scheduler own =
          Schedulers.of(
              family == Family.SDXL ? "EulerDiscreteScheduler" : "PNDMScheduler",
              schedulerFields(family));
      return new StableDiffusionModel(
          file,
          wanted == null ? own : Schedulers.convert(own, wanted),
          unet,
          autoencoder(family),
          texts(family),
          family == Family.SDXL,
          Adapters.NONE);
    }
  }

  private static JsonFields schedulerFields(Family family) {
    JsonFields common = JsonFields.parse("{}").with(BETAS);
    return switch (family) {
      case SD_1 -> common.with(Map.of("skip_prk_steps", true));
      // Those of 768 pixels; the ones of 512 predict the noise.
      case SD_2 -> common.with(Map.of("skip_prk_steps", true, "prediction_type", "v_prediction"));
      case SDXL -> common;
    };
  }

  private static JsonFields unetFields(Family family) {
    return JsonFields.parse(
        switch (family) {
          case SD_1 ->
              """
              {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
              """;
          case SD_2 ->
              """
              {"sample_size": 96, "cross_attention_dim": 1024,
               "attention_head_dim": [5, 10, 20, 20], "use_linear_projection": true}
              """;
          case SDXL ->
              """
              {"sample_size": 128, "cross_attention_dim": 2048, "attention_head_dim": [5, 10, 20],
               "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
               "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
               "block_out_channels": [320, 640, 1280], "use_linear_projection": true,
               "transformer_layers_per_block": [1, 2, 10], "addition_embed_type": "text_time",
               "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816}
              """;
        });
  }

  private static AutoencoderKLConfig autoencoder(Family family) {
    return AutoencoderKLConfig.of(
        JsonFields.parse("{}")
            .with(
                Map.of(
                    "block_out_channels",
                    List.of(128, 256, 512, 512),
                    "layers_per_block",
                    2,
                    "sample_size",
                    family == Family.SDXL ? 1024 : family == Family.SD_2 ? 768 : 512,
                    "scaling_factor",
                    family == Family.SDXL ? 0.13025 : 0.18215)));
  }

  private static List<TextPart> texts(Family family) {
    TextPart first = text("CLIPTextModel", 768, 12, 12, 768, "quick_gelu", "<|endoftext|>");
    return switch (family) {
      case SD_1 -> List.of(first);
      case SD_2 -> List.of(text("CLIPTextModel", 1024, 23, 16, 512, "gelu", "!"));
      case SDXL ->
          List.of(first, text("CLIPTextModelWithProjection", 1280, 32, 20, 1280, "gelu", "!"));
    };
  }

  private static TextPart text(
      String architecture,
      int hidden,
      int layers,
      int heads,
      int projection,
      String activation,
      String padding) {
    return new TextPart(
        JsonFields.parse(
            """
            {"architectures": ["%s"], "vocab_size": 49408, "hidden_size": %d,
             "intermediate_size": %d, "projection_dim": %d, "num_hidden_layers": %d,
             "num_attention_heads": %d, "max_position_embeddings": 77, "layer_norm_eps": 1e-05,
             "hidden_act": "%s", "bos_token_id": 49406, "eos_token_id": 49407,
             "pad_token_id": 1, "model_type": "clip_text_model"}
            """
                .formatted(
                    architecture, hidden, 4 * hidden, projection, layers, heads, activation)),
        null,
        padding);
  }

  /**
   * Reads the UNet's parameters.
   *
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  public SequencedMap<String, HostTensor> unetParameters(List<ParameterSpec> specs)
      throws IOException {
    return parameters(UNET, specs, SingleFile::unet);
  }

  /** Reads the parameters of the whole autoencoder, likewise. */
  public SequencedMap<String, HostTensor> autoencoderParameters(List<ParameterSpec> specs)
      throws IOException {
    return parameters(VAE, specs, SingleFile::autoencoder);
  }

  /**
   * Reads the parameters of a text encoder, likewise.
   *
   * @param number its place in {@link #texts}
   */
  public SequencedMap<String, HostTensor> textParameters(int number, List<ParameterSpec> specs)
      throws IOException {
    return parameters(
        textEncoder(number), specs, (file, wanted) -> file.textEncoder(number, wanted));
  }

  /** The name of the part of a pipeline that is one of its text encoders. */
  public static String textEncoder(int number) {
    return number == 0 ? "text_encoder" : "text_encoder_2";
  }

  /** Reads parameters of a single file. */
  @FunctionalInterface
  private interface OfFile {
    SequencedMap<String, HostTensor> read(SingleFile file, List<ParameterSpec> specs)
        throws IOException;
  }

  private SequencedMap<String, HostTensor> parameters(
      String part, List<ParameterSpec> specs, OfFile ofFile) throws IOException {
    if (adapters.parts().containsKey(part)) {
      return adapters.parts().get(part);
    }
    if (Files.isDirectory(source)) {
      return adapters.fuse(part, ParameterFiles.read(source.resolve(part), specs));
    }
    try (SingleFile file = SingleFile.open(source)) {
      return adapters.fuse(part, ofFile.read(file, specs));
    }
  }

  /**
   * The tokenizers of the text encoders, with the learned words.
   *
   * @param vocabulary a tokenizer's directory for a model that has none of its own, or null
   * @throws IOException in one line if there is no vocabulary or it cannot be read
   */
  public List<ClipTokenizer> tokenizers(Path vocabulary) throws IOException {
    List<ClipTokenizer> tokenizers = new ArrayList<>();
    for (TextPart part : texts) {
      Path directory = part.tokenizer() == null ? vocabulary : part.tokenizer();
      if (directory == null) {
        throw new IOException(
            "%s has no vocabulary for its text encoder: give the tokenizer directory of any Stable"
                    .formatted(source)
                + " Diffusion model with --tokenizer");
      }
      ClipTokenizer tokenizer = ClipTokenizer.read(directory);
      tokenizers.add(
          adapters.taught(
              tokenizers.size(),
              part,
              part.tokenizer() == null ? tokenizer.padded(part.padding()) : tokenizer));
    }
    return tokenizers;
  }

  /** SHA-256 over the files with parameters, in hexadecimal. */
  public String hash() {
    try (Stream<Path> files = Files.walk(source)) {
      MessageDigest digest = Sha256.digest();
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList()) {
        digest.update(Sha256.of(file).getBytes(StandardCharsets.US_ASCII));
      }
      return Sha256.hex(digest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes a directory as diffusers' {@code save_pretrained} does, the index last.
   *
   * @param vocabulary see {@link #tokenizers}
   * @throws IOException in one line if a file cannot be read or written
   */
  public void write(Path directory, Path vocabulary) throws IOException {
    ParameterFiles.write(
        directory.resolve(UNET),
        unet.toJson(),
        WeightFiles.WEIGHTS,
        unetParameters(
            new UNet2DConditionModel(unet, UNet2DConditionModel.Text.CLIP).parameters().specs()));
    ParameterFiles.write(
        directory.resolve(VAE),
        autoencoder.toJson(),
        WeightFiles.WEIGHTS,
        autoencoderParameters(new AutoencoderKL(autoencoder).parameters().specs()));
    Map<String, Object> index = new TreeMap<>();
    List<ClipTokenizer> tokenizers = tokenizers(vocabulary);
    for (int i = 0; i < texts.size(); i++) {
      TextEncoder encoder = TextEncoderFiles.model(texts.get(i).config());
      String name = textEncoder(i);
      TextEncoderFiles.write(
          directory.resolve(name), encoder, textParameters(i, encoder.parameters().specs()));
      String tokenizer = name.replace("text_encoder", "tokenizer");
      tokenizers.get(i).write(directory.resolve(tokenizer));
      index.put(name, List.of("transformers", encoder.className()));
      index.put(tokenizer, List.of("transformers", "CLIPTokenizer"));
    }
    Path scheduled = Files.createDirectories(directory.resolve(SCHEDULER));
    AtomicFiles.write(scheduled.resolve("scheduler_config.json"), Schedulers.toJson(scheduler));
    index.put("_diffusers_version", Json.DIFFUSERS_VERSION);
    index.put(SCHEDULER, List.of("diffusers", scheduler.className()));
    index.put(UNET, List.of("diffusers", UNet2DConditionConfig.CLASS_NAME));
    index.put(VAE, List.of("diffusers", AutoencoderKLConfig.CLASS_NAME));
    List<Object> none = Arrays.asList(null, null);
    index.put("feature_extractor", none);
    index.put("image_encoder", none);
    if (texts.size() > 1) {
      index.put("_class_name", "StableDiffusionXLPipeline");
      index.put("force_zeros_for_empty_prompt", zeroesWithoutText);
    } else {
      index.put("_class_name", "StableDiffusionPipeline");
      index.put("safety_checker", none);
      index.put("requires_safety_checker", false);
    }
    Json.write(directory.resolve(DiffusionModel.INDEX), index);
  }
}
