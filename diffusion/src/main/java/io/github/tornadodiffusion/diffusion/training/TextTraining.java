package io.github.tornadodiffusion.diffusion.training;

import static io.github.tornadodiffusion.nn.io.Settings.check;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.model.Adapters;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.LatentCodec;
import io.github.tornadodiffusion.diffusion.sampling.PromptReader;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.diffusion.text.ClipTokenizer;
import io.github.tornadodiffusion.diffusion.text.LearnedEmbedding;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.Sha256;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.models.clip.CLIPTextModel;
import io.github.tornadodiffusion.nn.models.clip.LearnedWordModel;
import io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles;
import io.github.tornadodiffusion.nn.models.lora.Lora;
import io.github.tornadodiffusion.nn.models.lora.LoraFiles;
import io.github.tornadodiffusion.nn.models.lora.LoraModel;
import io.github.tornadodiffusion.nn.models.unet.TextConditionedUNet;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.random.SplitMix64;
import io.github.tornadodiffusion.nn.training.Denoising;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Trains a model that reads texts: as a whole on images with captions, on a few images of one thing
 * whose class it shall not forget (DreamBooth, Ruiz et al. 2023), by low-rank changes (LoRA, Hu et
 * al. 2021), or by the vectors of a new word alone (textual inversion, Gal et al. 2022).
 *
 * <p>Latents of images, and hidden states of a text encoder that is not trained, are computed once
 * before the first step.
 */
public final class TextTraining implements TrainingTask {
  /** Distinguishes the choice of captions from other numbers with the same seed. */
  private static final long CAPTION_STREAM = 7;

  /** Hidden states may take this part of the heap. */
  private static final int CACHE_SHARE = 8;

  private final long cacheBytes;
  private final Settings settings;
  private final Trained trained;
  private final Prior prior;
  private final DDPMScheduler scheduler;
  private final List<ClipTokenizer> tokenizers;
  private final Model unet;
  private final Lora unetLora;
  private final Model encoder; // null where hidden states are given
  private final Lora encoderLora;
  private final Set<String> textNames;
  private List<Map<String, float[]>> hiddenStates;
  private int[][] tokenIds;

  /**
   * What is trained on, and how.
   *
   * @param preset what the run is called
   * @param base the model that training begins with
   * @param vocabulary a tokenizer's directory for a model without one, or null
   * @param images the data; the label of an image is the number of its caption
   * @param captions of the images
   * @param anyCaption whether every image may have any of the captions
   */
  public record Settings(
      String preset,
      StableDiffusionModel base,
      Path vocabulary,
      Dataset images,
      List<String> captions,
      boolean anyCaption,
      int batch,
      int steps,
      boolean randomFlip,
      Optimization optimization,
      long seed,
      TrainingVariant variant) {
    /** The same with another number of steps. */
    public Settings withSteps(int newSteps) {
      return new Settings(
          preset,
          base,
          vocabulary,
          images,
          captions,
          anyCaption,
          batch,
          newSteps,
          randomFlip,
          optimization,
          seed,
          variant);
    }
  }

  /**
   * Which parameters are trained.
   *
   * @param textEncoder whether those of the text encoder are, too
   * @param lora low-rank changes in place of all parameters; null for these
   * @param word a new word in place of both; null for none
   */
  public record Trained(boolean textEncoder, LoraOptions lora, Word word) {}

  /**
   * Low-rank changes.
   *
   * @param targets the layers of the UNet, by the last parts of their names
   * @param textTargets those of the text encoder
   */
  public record LoraOptions(
      int rank, double alpha, List<String> targets, List<String> textTargets) {}

  /**
   * A new word.
   *
   * @param vectors how many it has
   * @param initializer the known word that they begin as
   */
  public record Word(String token, int vectors, String initializer) {}

  /**
   * Images of the class, which half of every batch is of; their caption is the last one.
   *
   * @param weight of their loss
   */
  public record Prior(Dataset images, double weight) {}

  /**
   * A training.
   *
   * @param prior null for none
   * @throws IOException in one line if the vocabulary cannot be read
   * @throws IllegalArgumentException in one line if the model cannot be trained so
   */
  public TextTraining(Settings settings, Trained trained, Prior prior) throws IOException {
    this(settings, trained, prior, Runtime.getRuntime().maxMemory() / CACHE_SHARE);
  }

  /**
   * A training with a bound of its own on the hidden states that are kept.
   *
   * @param cacheBytes where they are more, the text encoder is a part of every step
   */
  TextTraining(Settings settings, Trained trained, Prior prior, long cacheBytes)
      throws IOException {
    this.cacheBytes = cacheBytes;
    this.settings = settings;
    this.trained = trained;
    this.prior = prior;
    StableDiffusionModel base = settings.base;
    check(settings.batch >= 1, "batch", settings.batch, "at least 1");
    check(settings.steps >= 1, "steps", settings.steps, "at least 1");
    check(
        settings.batch % ((prior == null ? 1 : 2) * settings.variant.shards()) == 0,
        "batch",
        settings.batch,
        "a multiple of the shards");
    int channels = base.autoencoder().latentChannels();
    if (base.unet().inChannels() != channels || base.unet().outChannels() != channels) {
      throw new IllegalArgumentException(
          "the UNet reads %d channels and the autoencoder makes latents of %d: give a model for"
                  .formatted(base.unet().inChannels(), channels)
              + " text to image");
    }
    if (!Schedulers.isConvertible(base.scheduler(), "DDPMScheduler")) {
      throw new IllegalArgumentException(
          "a model for %s cannot be trained here; begin with another model"
              .formatted(base.scheduler().className()));
    }
    scheduler = (DDPMScheduler) Schedulers.convert(base.scheduler(), "DDPMScheduler");
    tokenizers = base.tokenizers(settings.vocabulary);
    UNet2DConditionModel plain = new UNet2DConditionModel(base.unet(), PromptReader.text(base));
    LoraOptions lora = trained.lora;
    unetLora =
        lora == null
            ? null
            : Lora.initial(
                plain.parameters().specs(), lora.targets, lora.rank, lora.alpha, settings.seed);
    unet = lora == null ? plain : new LoraModel(plain, "", unetLora, 1);
    boolean one = base.texts().size() == 1;
    boolean tooMany = one && Float.BYTES * hiddenFloats() > cacheBytes;
    if (!trained.textEncoder && trained.word == null && !tooMany) {
      encoder = null;
      encoderLora = null;
      textNames = Set.of();
      return;
    }
    if (base.texts().size() > 1
        || !(TextEncoderFiles.model(base.texts().getFirst().config())
            instanceof CLIPTextModel clip)) {
      throw new IllegalArgumentException(
          "only the text encoder of Stable Diffusion 1 and 2 is trained; leave it as it is for this"
              + " model");
    }
    textNames =
        clip.parameters().specs().stream()
            .map(ParameterSpec::name)
            .collect(Collectors.toUnmodifiableSet());
    encoderLora =
        lora == null || !trained.textEncoder
            ? null
            : Lora.initial(
                clip.parameters().specs(),
                lora.textTargets,
                lora.rank,
                lora.alpha,
                settings.seed + 1);
    encoder =
        trained.word != null
            ? new LearnedWordModel(clip, trained.word.vectors)
            : encoderLora == null ? clip : new LoraModel(clip, "", encoderLora, 1);
  }

  /** The same with another number of steps. */
  public TextTraining withSteps(int steps) throws IOException {
    return new TextTraining(settings.withSteps(steps), trained, prior, cacheBytes);
  }

  /** What is said of captions that are longer than the text encoder reads, one line each. */
  public List<String> warnings() {
    Set<String> warnings = new LinkedHashSet<>();
    ClipTokenizer tokenizer = tokenizer();
    for (String caption : settings.captions) {
      warnings.add(tokenizer.encode(tokenizer.withAllVectors(caption)).warning());
    }
    warnings.remove("");
    return List.copyOf(warnings);
  }

  /** The model that training begins with. */
  public StableDiffusionModel base() {
    return settings.base;
  }

  /** The data. */
  public Dataset images() {
    return settings.images;
  }

  /** A tokenizer's directory for a model without one, or null. */
  public Path vocabulary() {
    return settings.vocabulary;
  }

  /** Whether the model has tokenizers of its own. */
  public boolean hasOwnTokenizer() {
    return settings.base.texts().stream().allMatch(part -> part.tokenizer() != null);
  }

  /** The captions. */
  public List<String> captions() {
    return settings.captions;
  }

  @Override
  public String preset() {
    return settings.preset;
  }

  @Override
  public int batch() {
    return settings.batch;
  }

  @Override
  public int steps() {
    return settings.steps;
  }

  @Override
  public boolean randomFlip() {
    return settings.randomFlip;
  }

  @Override
  public long seed() {
    return settings.seed;
  }

  @Override
  public Optimization optimization() {
    return settings.optimization;
  }

  @Override
  public TrainingVariant variant() {
    return settings.variant;
  }

  @Override
  public DDPMScheduler scheduler() {
    return scheduler;
  }

  @Override
  public PredictionType prediction() {
    return scheduler.config().predictionType();
  }

  @Override
  public int trainTimesteps() {
    return scheduler.config().numTrainTimesteps();
  }

  @Override
  public Objective objective() {
    AutoencoderKLConfig codec = settings.base.autoencoder();
    double shift = codec.shiftFactor() == null ? 0 : codec.shiftFactor();
    return new Denoising(
        encoder == null ? unet : new TextConditionedUNet(encoder, unet),
        false,
        new Denoising.Latents(codec.scalingFactor(), -shift * codec.scalingFactor()));
  }

  private int latentSide() {
    return settings.images.imageSize() / settings.base.autoencoder().scaleFactor();
  }

  @Override
  public BatchShape shape() {
    return new BatchShape(shardBatch(), latentSide(), latentSide());
  }

  @Override
  public Trainable trainable() {
    if (trained.word != null) {
      return LearnedWordModel.TRAINABLE;
    }
    if (trained.lora != null) {
      return LoraModel.TRAINABLE;
    }
    return encoder == null || trained.textEncoder
        ? Trainable.ALL
        : Trainable.named(name -> !textNames.contains(name));
  }

  @Override
  public SequencedMap<String, HostTensor> initialParameters(TrainingDraws draws) {
    try {
      SequencedMap<String, HostTensor> all = new LinkedHashMap<>();
      if (encoder != null) {
        SequencedMap<String, HostTensor> texts =
            settings.base.textParameters(
                0,
                TextEncoderFiles.model(settings.base.texts().getFirst().config())
                    .parameters()
                    .specs());
        all.putAll(encoder instanceof LoraModel lora ? lora.with(texts, encoderLora) : texts);
        if (trained.word != null) {
          all.put(
              LearnedWordModel.VECTORS, initialVectors(texts.get(CLIPTextModel.TOKEN_EMBEDDING)));
        }
      }
      SequencedMap<String, HostTensor> own =
          settings.base.unetParameters(
              new UNet2DConditionModel(settings.base.unet(), PromptReader.text(settings.base))
                  .parameters()
                  .specs());
      all.putAll(unet instanceof LoraModel lora ? lora.with(own, unetLora) : own);
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private HostTensor initialVectors(HostTensor table) {
    int width = table.shape()[1];
    int row = initialToken();
    float[] values = new float[trained.word.vectors * width];
    for (int i = 0; i < trained.word.vectors; i++) {
      System.arraycopy(table.values(), row * width, values, i * width, width);
    }
    return new HostTensor(new int[] {trained.word.vectors, width}, values);
  }

  /** The id of the token that the new word begins as. */
  private int initialToken() {
    List<String> known = tokenizers.getFirst().tokenize(trained.word.initializer);
    if (known.size() != 1) {
      throw new IllegalArgumentException(
          "--initializer-token %s is %d tokens; give a word of one"
              .formatted(trained.word.initializer, known.size()));
    }
    return tokenizers.getFirst().id(known.getFirst());
  }

  /** With captions that are dropped, one more that stands for no text. */
  @Override
  public Integer numClassEmbeds() {
    return settings.variant.labelDropout() > 0 ? settings.captions.size() + 1 : null;
  }

  @Override
  public boolean conditioned() {
    return true;
  }

  @Override
  public void checkData(Dataset dataset) {
    if (trained.word != null) {
      initialToken();
      tokenizer();
    }
    int factor = settings.base.autoencoder().scaleFactor();
    if (dataset.imageSize() % Math.max(8, factor) != 0) {
      throw new IllegalArgumentException(
          "--image-size is %d; give a multiple of %d"
              .formatted(dataset.imageSize(), Math.max(8, factor)));
    }
    if (dataset.channels() != settings.base.autoencoder().inChannels()) {
      throw new IllegalArgumentException(
          "The images of %s have %d channels, the autoencoder %d: open them with as many"
              .formatted(
                  dataset.name(), dataset.channels(), settings.base.autoencoder().inChannels()));
    }
  }

  @Override
  public List<Dataset> prepare(Engine engine, Dataset dataset) {
    try {
      AutoencoderKLConfig config = settings.base.autoencoder();
      LatentCodec codec =
          new LatentCodec(
              engine,
              config,
              settings.base.autoencoderParameters(new AutoencoderKL(config).parameters().specs()),
              0);
      List<String> texts = new ArrayList<>(settings.captions);
      texts.add("");
      if (encoder != null) {
        ClipTokenizer tokenizer = tokenizer();
        tokenIds =
            texts.stream()
                .map(text -> tokenizer.encode(tokenizer.withAllVectors(text)).ids())
                .toArray(int[][]::new);
      } else {
        hiddenStates =
            new PromptReader(engine, settings.base, settings.vocabulary)
                .read(
                    texts,
                    null,
                    new PromptReader.Options(1, 0, 0, SampleSize.square(dataset.imageSize())),
                    new int[0])
                .texts();
      }
      if (prior == null) {
        return List.of(new EncodedImages(codec, dataset, dataset::label, randomFlip()));
      }
      int last = settings.captions.size() - 1;
      return List.of(
          new EncodedImages(codec, dataset, i -> 0, randomFlip()),
          new EncodedImages(codec, prior.images, i -> last, randomFlip()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The losses of a class do not depend on the loss weight, as in diffusers' script. */
  @Override
  public double weight(NoiseSchedule schedule, TrainingDraws.Draw draw, int image) {
    double own = TrainingTask.super.weight(schedule, draw, image);
    if (prior == null) {
      return own;
    }
    return image < shardBatch() / 2 ? 2 * own : 2 * prior.weight;
  }

  @Override
  public Map<String, float[]> values(
      NoiseSchedule schedule, TrainingDraws.Draw draw, float[] weights) {
    Map<String, float[]> values =
        NoisyBatch.of(schedule, prediction(), draw, null, weights, null).values();
    int[] captions = captions(draw);
    if (encoder != null) {
      values.putAll(tokens(captions));
      return values;
    }
    for (String name : hiddenStates.getFirst().keySet()) {
      int length = hiddenStates.getFirst().get(name).length;
      float[] all = new float[captions.length * length];
      for (int i = 0; i < captions.length; i++) {
        System.arraycopy(hiddenStates.get(captions[i]).get(name), 0, all, i * length, length);
      }
      values.put(name, all);
    }
    return values;
  }

  /** That of the first text encoder, with the new word. */
  private ClipTokenizer tokenizer() {
    ClipTokenizer known = tokenizers.getFirst();
    Word word = trained.word;
    return word == null ? known : known.with(LearnedEmbedding.tokens(word.token, word.vectors));
  }

  private Map<String, float[]> tokens(int[] captions) {
    int[] ids =
        Arrays.stream(captions).flatMap(caption -> Arrays.stream(tokenIds[caption])).toArray();
    return trained.word == null
        ? Map.of(TextEncoder.INPUT_IDS, Input.floats(ids))
        // The ids of a new word follow those that are known.
        : LearnedWordModel.values(ids, tokenizers.getFirst().size());
  }

  private int[] captions(TrainingDraws.Draw draw) {
    return settings.anyCaption
        ? IntStream.range(0, draw.labels().length)
            .map(i ->
                new SplitMix64(
                        settings.seed,
                        CAPTION_STREAM,
                        draw.counter().step(),
                        draw.counter().firstImage() + i)
                    .nextInt(settings.captions.size()))
            .toArray()
        : draw.labels();
  }

  @Override
  public long hostFloats() {
    long side = latentSide();
    long image = 2L * settings.base.autoencoder().latentChannels() * side * side;
    long images = (long) settings.images.size() + (prior == null ? 0 : prior.images.size());
    long text = encoder == null ? hiddenFloats() : 0;
    long waiting = (DrawsAhead.AHEAD + 1L) * shardBatch() * image;
    return images * image * (randomFlip() ? 2 : 1) + text + waiting;
  }

  private long hiddenFloats() {
    long tokens = tokenizers.getFirst().maxLength();
    return (settings.captions.size() + 1) * tokens * settings.base.unet().contextChannels();
  }

  @Override
  public Map<String, Object> toMap() {
    Map<String, Object> map = new TreeMap<>();
    map.put("preset", preset());
    map.put("data", settings.images.name());
    map.put("unet", settings.base.unet().toJson());
    map.put("batch", batch());
    map.put("steps", steps());
    map.put("random_flip", randomFlip());
    map.put("image_size", settings.images.imageSize());
    map.put("num_train_timesteps", trainTimesteps());
    map.put("prediction_type", prediction().id());
    map.put("seed", seed());
    optimization().putInto(map);
    variant().putInto(map);
    map.put("base_model", settings.base.hash());
    map.put("captions_sha256", sha256(settings.captions));
    map.put("train_text_encoder", trained.textEncoder);
    if (trained.lora != null) {
      map.put("lora_rank", trained.lora.rank);
      map.put("lora_alpha", trained.lora.alpha);
      map.put("lora_targets", String.join(",", trained.lora.targets));
    }
    if (trained.word != null) {
      map.put("placeholder_token", trained.word.token);
      map.put("num_vectors", trained.word.vectors);
      map.put("initializer_token", trained.word.initializer);
    }
    if (prior != null) {
      map.put("prior_loss_weight", prior.weight);
      map.put("class_data_hash", prior.images.hash());
    }
    return map;
  }

  private static String sha256(List<String> texts) {
    MessageDigest digest = Sha256.digest();
    digest.update(String.join("\n", texts).getBytes(StandardCharsets.UTF_8));
    return Sha256.hex(digest);
  }

  /** The model with what was trained. */
  public StableDiffusionModel trained(SequencedMap<String, HostTensor> parameters) {
    String text = StableDiffusionModel.textEncoder(0);
    if (trained.word != null) {
      return settings.base.with(
          new Adapters(
              List.of(),
              List.of(
                  new LearnedEmbedding(
                      null,
                      trained.word.token,
                      Map.of(trained.word.token, parameters.get(LearnedWordModel.VECTORS)))),
              Map.of()));
    }
    if (trained.lora != null) {
      return settings.base.with(
          new Adapters(
              List.of(new Adapters.ScaledLora(loras(parameters), 1)), List.of(), Map.of()));
    }
    Map<String, SequencedMap<String, HostTensor>> parts = new LinkedHashMap<>();
    parts.put(StableDiffusionModel.UNET, unet.parameters().of(parameters));
    if (trained.textEncoder) {
      parts.put(text, encoder.parameters().of(parameters));
    }
    return settings.base.with(new Adapters(List.of(), List.of(), parts));
  }

  private SequencedMap<String, Lora> loras(SequencedMap<String, HostTensor> parameters) {
    SequencedMap<String, Lora> parts = new LinkedHashMap<>();
    if (encoder instanceof LoraModel lora) {
      parts.put(StableDiffusionModel.textEncoder(0), lora.of(parameters, encoderLora));
    }
    parts.put(StableDiffusionModel.UNET, ((LoraModel) unet).of(parameters, unetLora));
    return parts;
  }

  /**
   * Writes a pipeline, or where only changes were trained {@code pytorch_lora_weights.safetensors}
   * or {@code learned_embeds.safetensors}.
   */
  @Override
  public void write(Path directory, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    if (trained.word != null) {
      SequencedMap<String, HostTensor> vectors = new LinkedHashMap<>();
      vectors.put(trained.word.token, parameters.get(LearnedWordModel.VECTORS));
      Safetensors.write(
          directory.resolve(LearnedEmbedding.WEIGHTS), vectors, Safetensors.PYTORCH_METADATA);
    } else if (trained.lora != null) {
      LoraFiles.write(directory.resolve(LoraFiles.WEIGHTS), loras(parameters));
    } else {
      trained(parameters).write(directory, settings.vocabulary);
    }
  }

  @Override
  public String command() {
    return "train " + preset();
  }

  @Override
  public String files() {
    return trained.word != null
        ? LearnedEmbedding.WEIGHTS
        : trained.lora != null
            ? LoraFiles.WEIGHTS
            : "model_index.json, unet/, vae/, text_encoder/, tokenizer/, scheduler/";
  }

  @Override
  public String sampleCommand(String path) {
    String source = settings.base.source().toString();
    String prompt = " --prompt \"" + settings.captions.getFirst() + "\"";
    return trained.word != null
        ? "sample --model " + source + " --embedding " + path + prompt
        : trained.lora != null
            ? "sample --model " + source + " --lora " + path + prompt
            : "sample --model " + path + prompt;
  }
}
