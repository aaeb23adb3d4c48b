package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The configuration of a {@code UNet2DModel}: component for component the arguments of diffusers'
 * class, whose documentation applies. Values that diffusers knows but this project does not
 * implement are refused when a configuration is made.
 *
 * @param sampleSize height and width of the images, or null if the configuration does not say
 * @param inChannels channels of the input
 * @param outChannels channels of the output
 * @param centerInputSample whether the input is mapped from [0, 1] to [-1, 1] first
 * @param timeEmbeddingType {@code positional}, {@code fourier} (random features of the logarithm;
 *     the output is divided by the timestep) or {@code learned} (a table of {@code
 *     numTrainTimesteps} rows)
 * @param timeEmbeddingDim length of the time embedding, or null for 4 * blockOutChannels[0]
 * @param freqShift shift of the sinusoidal embedding's frequency denominator
 * @param flipSinToCos whether the cosines come before the sines
 * @param downBlockTypes one of {@link #DOWN_BLOCK_TYPES} for each level, finest first
 * @param midBlockType {@link #MID_BLOCK_TYPE}, or null for a model without a middle block
 * @param upBlockTypes one of {@link #UP_BLOCK_TYPES} for each level, coarsest first
 * @param blockOutChannels channels of each level, finest first
 * @param layersPerBlock residual blocks in a down block; an up block has one more
 * @param midBlockScaleFactor divisor of the residual sums in the middle block
 * @param downsamplePadding padding of the downsampling convolutions; 0 pads right and bottom by one
 * @param downsampleType {@code conv} or {@code resnet}
 * @param upsampleType {@code conv} or {@code resnet}
 * @param dropout probability in [0, 1)
 * @param actFn activation of the residual blocks, in any case: {@code silu}, which is also called
 *     {@code swish}, {@code mish}, {@code gelu} or {@code relu}
 * @param attentionHeadDim channels of an attention head; null: one head of all channels
 * @param normNumGroups groups of the group normalisations, except for skip blocks, which have their
 *     own; null, as diffusers derives it, where all blocks are skip blocks
 * @param attnNormNumGroups groups of the middle block's attention normalisation; null: as diffusers
 *     derives it
 * @param normEps epsilon of the group normalisations
 * @param resnetTimeScaleShift {@code default} or {@code scale_shift}
 * @param addAttention whether the middle block has attention
 * @param classEmbedType {@code timestep}: class labels are embedded as timesteps are; {@code
 *     identity}: a vector of {@link #timeEmbedDim} replaces a label; null: as {@code
 *     numClassEmbeds} says
 * @param numClassEmbeds number of class labels, or null for an unconditional model
 * @param numTrainTimesteps number of timesteps; only the learned time embedding reads it
 */
public record UNet2DConfig(
    SampleSize sampleSize,
    int inChannels,
    int outChannels,
    boolean centerInputSample,
    String timeEmbeddingType,
    Integer timeEmbeddingDim,
    int freqShift,
    boolean flipSinToCos,
    List<String> downBlockTypes,
    String midBlockType,
    List<String> upBlockTypes,
    List<Integer> blockOutChannels,
    int layersPerBlock,
    double midBlockScaleFactor,
    int downsamplePadding,
    String downsampleType,
    String upsampleType,
    double dropout,
    String actFn,
    Integer attentionHeadDim,
    Integer normNumGroups,
    Integer attnNormNumGroups,
    double normEps,
    String resnetTimeScaleShift,
    boolean addAttention,
    String classEmbedType,
    Integer numClassEmbeds,
    Integer numTrainTimesteps)
    implements EmbeddingConfig {

  /** Height and width of a sample in pixels. */
  public record SampleSize(int height, int width) {
    /** Checks that both are at least 1. */
    public SampleSize {
      if (height < 1 || width < 1) {
        throw new IllegalArgumentException(
            "sample_size is %d x %d; both must be at least 1".formatted(height, width));
      }
    }

    /** A square sample. */
    public static SampleSize square(int side) {
      return new SampleSize(side, side);
    }
  }

  /** The types of down blocks that are implemented. */
  public static final List<String> DOWN_BLOCK_TYPES =
      List.of(
          "DownBlock2D",
          "AttnDownBlock2D",
          "ResnetDownsampleBlock2D",
          "SkipDownBlock2D",
          "AttnSkipDownBlock2D");

  // Far beyond any use; without them the parameters of a hostile file take forever to list.
  private static final int MOST_LEVELS = 32;
  private static final int MOST_LAYERS = 100;
  private static final int MOST_CHANNELS = 1 << 20;

  private static final List<String> CLASS_EMBED_TYPES = List.of("timestep", "identity");

  /** The type of middle block that is implemented. */
  public static final String MID_BLOCK_TYPE = "UNetMidBlock2D";

  /** The types of up blocks that are implemented. */
  public static final List<String> UP_BLOCK_TYPES =
      List.of(
          "UpBlock2D",
          "AttnUpBlock2D",
          "ResnetUpsampleBlock2D",
          "SkipUpBlock2D",
          "AttnSkipUpBlock2D");

  /**
   * Checks the configuration.
   *
   * @throws IllegalArgumentException naming the key, its value and what is possible
   */
  public UNet2DConfig {
    downBlockTypes = List.copyOf(downBlockTypes);
    upBlockTypes = List.copyOf(upBlockTypes);
    blockOutChannels = List.copyOf(blockOutChannels);
    int levels = blockOutChannels.size();
    check(levels > 0, "block_out_channels is empty; give the channels of at least one level");
    check(
        downBlockTypes.size() == levels && upBlockTypes.size() == levels,
        "down_block_types has %d entries, up_block_types %d and block_out_channels %d; give one a"
            + " level in each",
        downBlockTypes.size(),
        upBlockTypes.size(),
        levels);
    checkMost("levels of block_out_channels", levels, MOST_LEVELS);
    downBlockTypes.forEach(type -> checkChoice("down_block_types", type, DOWN_BLOCK_TYPES));
    upBlockTypes.forEach(type -> checkChoice("up_block_types", type, UP_BLOCK_TYPES));
    check(
        midBlockType == null || midBlockType.equals(MID_BLOCK_TYPE),
        "mid_block_type is %s, which is not supported; use %s, or null for none",
        midBlockType,
        MID_BLOCK_TYPE);
    checkPositive("time_embedding_dim", timeEmbeddingDim);
    checkMost("time_embedding_dim", timeEmbeddingDim == null ? 1 : timeEmbeddingDim, MOST_CHANNELS);
    checkPositive("in_channels", inChannels);
    checkPositive("out_channels", outChannels);
    checkPositive("layers_per_block", layersPerBlock);
    checkMost("layers_per_block", layersPerBlock, MOST_LAYERS);
    checkPositive("norm_num_groups", normNumGroups);
    checkPositive("attention_head_dim", attentionHeadDim);
    checkPositive("attn_norm_num_groups", attnNormNumGroups);
    checkPositive("num_class_embeds", numClassEmbeds);
    checkPositive("num_train_timesteps", numTrainTimesteps);
    for (int i = 0; i < levels; i++) {
      int channels = blockOutChannels.get(i);
      checkPositive("block_out_channels", channels);
      checkMost("block_out_channels", channels, MOST_CHANNELS);
      boolean skips =
          downBlockTypes.get(i).contains("Skip")
              && upBlockTypes.get(levels - 1 - i).contains("Skip");
      check(
          skips || normNumGroups != null,
          "norm_num_groups is null, which only skip blocks allow; give a number");
      check(
          skips || channels % normNumGroups == 0,
          "block_out_channels has %d, which norm_num_groups %d does not divide; change either",
          channels,
          normNumGroups);
    }
    check(
        attnNormNumGroups == null
            || !addAttention
            || midBlockType == null
            || blockOutChannels.getLast() % attnNormNumGroups == 0,
        "attn_norm_num_groups is %s, which does not divide the last block_out_channels %s; change"
            + " either",
        attnNormNumGroups,
        blockOutChannels.getLast());
    check(dropout >= 0 && dropout < 1, "dropout is %s; it must be in [0, 1)", dropout);
    check(
        Double.isFinite(normEps) && normEps >= 0, "norm_eps is %s; it must be at least 0", normEps);
    check(
        Double.isFinite(midBlockScaleFactor) && midBlockScaleFactor != 0,
        "mid_block_scale_factor is %s; it divides, so it must be finite and not 0",
        midBlockScaleFactor);
    checkChoice(
        "time_embedding_type", timeEmbeddingType, List.of("positional", "fourier", "learned"));
    check(
        !timeEmbeddingType.equals("learned") || numTrainTimesteps != null,
        "time_embedding_type is learned and num_train_timesteps missing; give the latter");
    checkChoice("downsample_type", downsampleType, List.of("conv", "resnet"));
    checkChoice("upsample_type", upsampleType, List.of("conv", "resnet"));
    check(
        Activation.named(actFn).isPresent(),
        "act_fn is %s, which is not supported; use %s",
        actFn,
        String.join(", ", Activation.names()).replaceFirst(", (\\w+)$", " or $1"));
    checkChoice("resnet_time_scale_shift", resnetTimeScaleShift, List.of("default", "scale_shift"));
    check(
        classEmbedType == null || CLASS_EMBED_TYPES.contains(classEmbedType),
        "class_embed_type is %s, which is not supported; use timestep, identity, or null with"
            + " num_class_embeds",
        classEmbedType);
  }

  /** The defaults of diffusers' class. */
  public static UNet2DConfig defaults() {
    return builder().build();
  }

  /** A builder that starts from the defaults of diffusers' class. */
  public static UNet2DConfigBuilder builder() {
    return new UNet2DConfigBuilder();
  }

  /** A builder that starts from this configuration. */
  public UNet2DConfigBuilder toBuilder() {
    return new UNet2DConfigBuilder(this);
  }

  /**
   * Reads a {@code config.json}. Keys that are absent take diffusers' defaults; a key that is not
   * one of diffusers' class is refused, since nobody knows what it changes.
   *
   * @throws IOException naming the file, the cause and the remedy
   */
  public static UNet2DConfig read(Path file) throws IOException {
    return UNet2DConfigJson.read(file);
  }

  /** Writes a {@code config.json} as diffusers does, atomically. */
  public void write(Path file) throws IOException {
    AtomicFiles.write(file, toJson());
  }

  /**
   * Reads the text of a {@code config.json}.
   *
   * @throws IllegalArgumentException naming the cause and the remedy
   */
  public static UNet2DConfig fromJson(String json) {
    return UNet2DConfigJson.fromFields(JsonFields.parse(json));
  }

  /** The text diffusers writes for this configuration, character for character. */
  public String toJson() {
    return Json.write(Json.ofClass(UNet2DConfigJson.CLASS_NAME, UNet2DConfigJson.fields(this)));
  }

  /** How many times the height and width are halved: once per level except the last. */
  public int downsamplings() {
    return blockOutChannels.size() - 1;
  }

  /** The activation of the residual blocks. */
  Activation activation() {
    return Activation.named(actFn).orElseThrow();
  }

  @Override
  public int baseChannels() {
    return blockOutChannels.getFirst();
  }

  @Override
  public Integer learnedTimesteps() {
    return timeEmbeddingType.equals("learned") ? numTrainTimesteps : null;
  }

  /** Whether the time embedding is of random features of the logarithm. */
  @Override
  public boolean fourier() {
    return timeEmbeddingType.equals("fourier");
  }

  /** Whether a call of the model needs a class label, or a vector, for every image. */
  public boolean conditioned() {
    return numClassEmbeds != null || classEmbedType != null;
  }

  /** Length of the vector that timesteps and classes are embedded as. */
  @Override
  public int timeEmbedDim() {
    return timeEmbeddingDim == null ? 4 * blockOutChannels.getFirst() : timeEmbeddingDim;
  }

  /** Length of the vector that replaces a class label; 0 where a label is a number. */
  public int classVectorLength() {
    return "identity".equals(classEmbedType) ? timeEmbedDim() : 0;
  }

  private static void checkPositive(String key, Integer value) {
    check(value == null || value >= 1, "%s is %s; it must be at least 1", key, value);
  }

  private static void checkMost(String key, int value, int most) {
    check(value <= most, "%s: %s is too many; it must be at most %d", key, value, most);
  }

  private static void checkChoice(String key, String value, List<String> choices) {
    check(
        choices.contains(value),
        "%s is %s, which is not supported; use %s",
        key,
        value,
        String.join(" or ", choices));
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be one more dependency
  private static void check(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new IllegalArgumentException("UNet2DModel: " + message.formatted(arguments));
    }
  }
}
