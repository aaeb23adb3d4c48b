package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Settings;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The configuration of a {@link UNet2DConditionModel}: the arguments of diffusers' class, by their
 * keys in {@code config.json}. What diffusers knows but this project does not compute is refused.
 */
public final class UNet2DConditionConfig implements EmbeddingConfig {
  /** The {@code _class_name} in {@code config.json}. */
  public static final String CLASS_NAME = "UNet2DConditionModel";

  private static final int MOST = 1 << 20;
  private static final int MOST_LEVELS = 32;
  private static final int MOST_LAYERS = 1000;

  /** diffusers' defaults. */
  private static final JsonFields DEFAULTS =
      JsonFields.parse(
          """
          {"sample_size": null, "in_channels": 4, "out_channels": 4, "center_input_sample": false,
           "flip_sin_to_cos": true, "freq_shift": 0,
           "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
               "CrossAttnDownBlock2D", "DownBlock2D"],
           "mid_block_type": "UNetMidBlock2DCrossAttn",
           "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
               "CrossAttnUpBlock2D"],
           "only_cross_attention": false, "block_out_channels": [320, 640, 1280, 1280],
           "layers_per_block": 2, "downsample_padding": 1, "mid_block_scale_factor": 1,
           "dropout": 0.0, "act_fn": "silu", "norm_num_groups": 32, "norm_eps": 1e-05,
           "cross_attention_dim": 1280, "transformer_layers_per_block": 1,
           "reverse_transformer_layers_per_block": null, "encoder_hid_dim": null,
           "encoder_hid_dim_type": null, "attention_head_dim": 8, "num_attention_heads": null,
           "dual_cross_attention": false, "use_linear_projection": false, "class_embed_type": null,
           "addition_embed_type": null, "addition_time_embed_dim": null, "num_class_embeds": null,
           "upcast_attention": false, "resnet_time_scale_shift": "default",
           "resnet_skip_time_act": false, "resnet_out_scale_factor": 1.0,
           "time_embedding_type": "positional", "time_embedding_dim": null,
           "time_embedding_act_fn": null, "timestep_post_act": null, "time_cond_proj_dim": null,
           "conv_in_kernel": 3, "conv_out_kernel": 3,
           "projection_class_embeddings_input_dim": null, "attention_type": "default",
           "class_embeddings_concat": false, "mid_block_only_cross_attention": null,
           "cross_attention_norm": null, "addition_embed_type_num_heads": 64}
          """);

  /**
   * Keys of which one value alone is computed. Upcasting is not among them: here everything is
   * computed in single precision.
   */
  private static final Set<String> ONLY_DEFAULT =
      Set.of(
          "num_attention_heads",
          "dual_cross_attention",
          "time_embedding_type",
          "attention_type",
          "cross_attention_norm");

  private static final Set<String> DOWN =
      Set.of(
          "CrossAttnDownBlock2D",
          "SimpleCrossAttnDownBlock2D",
          "DownBlock2D",
          "AttnDownBlock2D",
          "ResnetDownsampleBlock2D");
  private static final Set<String> UP =
      Set.of(
          "CrossAttnUpBlock2D",
          "SimpleCrossAttnUpBlock2D",
          "UpBlock2D",
          "AttnUpBlock2D",
          "ResnetUpsampleBlock2D");
  private static final Set<String> MIDDLE =
      Set.of("UNetMidBlock2DCrossAttn", "UNetMidBlock2DSimpleCrossAttn", "UNetMidBlock2D");

  private final JsonFields fields;
  private final List<Level> levels;

  /**
   * A level of the UNet.
   *
   * @param down the type of its block on the way down
   * @param up the type of its block on the way up
   * @param channels of both
   * @param layers residual blocks of the block on the way down; the other has one more
   * @param heads diffusers' {@code attention_head_dim}, which is the number of heads in blocks with
   *     a transformer and the channels of a head in others
   * @param upHeads the same for the other blocks on the way up, for which diffusers takes the value
   *     of the level that is as far from the other end
   * @param contextChannels {@code cross_attention_dim}
   * @param downTransformers transformer layers after each residual block on the way down
   * @param upTransformers on the way up
   * @param onlyCross whether pixels attend to nothing but the text
   */
  record Level(
      String down,
      String up,
      int channels,
      int layers,
      int heads,
      int upHeads,
      int contextChannels,
      List<Integer> downTransformers,
      List<Integer> upTransformers,
      boolean onlyCross) {}

  private UNet2DConditionConfig(JsonFields given) {
    fields = DEFAULTS.with(given.values());
    levels = levels();
    check();
  }

  /**
   * Reads the fields of a {@code config.json}; those that are absent have diffusers' defaults.
   *
   * @throws IllegalArgumentException in one line naming a key that is unknown or not supported
   */
  public static UNet2DConditionConfig of(JsonFields given) {
    String className = given.string(Json.CLASS_NAME, CLASS_NAME);
    Settings.check(className.equals(CLASS_NAME), Json.CLASS_NAME, className, CLASS_NAME);
    given.refuseOthers(
        key -> DEFAULTS.has(key) || UNet2DConfigJson.OF_AVERAGES.contains(key),
        CLASS_NAME + " of diffusers");
    return new UNet2DConditionConfig(given);
  }

  /** The defaults of diffusers' class with other values of some keys. */
  public static UNet2DConditionConfig of(Map<String, ?> values) {
    return of(JsonFields.parse("{}").with(values));
  }

  /** Reads a {@code config.json}. */
  public static UNet2DConditionConfig read(Path file) throws IOException {
    return Json.read(file, UNet2DConditionConfig::of);
  }

  /** The same with other values of some keys. */
  public UNet2DConditionConfig with(Map<String, ?> values) {
    return of(fields.with(values));
  }

  /** The values of all keys. */
  public Map<String, Object> values() {
    Map<String, Object> values = new TreeMap<>(fields.values());
    values.keySet().removeIf(key -> key.startsWith("_"));
    return values;
  }

  /** The text that diffusers writes for this configuration. */
  public String toJson() {
    return Json.write(Json.ofClass(CLASS_NAME, values()));
  }

  private void check() {
    for (String key : ONLY_DEFAULT) {
      Object only = DEFAULTS.values().get(key);
      Object value = fields.values().get(key);
      Settings.check(
          value == null ? only == null : value.equals(only), key, value, only + ", as supported");
    }
    positive("in_channels", inChannels());
    positive("out_channels", outChannels());
    positive("norm_num_groups", normNumGroups());
    oneOf("mid_block_type", midBlockType(), MIDDLE, true);
    oneOf("act_fn", fields.string("act_fn", ""), Set.copyOf(Activation.names()), false);
    for (String key : List.of("time_embedding_act_fn", "timestep_post_act")) {
      oneOf(key, fields.stringOrNull(key, null), Set.copyOf(Activation.names()), true);
    }
    oneOf(
        "resnet_time_scale_shift",
        fields.string("resnet_time_scale_shift", ""),
        Set.of("default", "scale_shift"),
        false);
    oneOf(
        "class_embed_type",
        classEmbedType(),
        Set.of("timestep", "identity", "projection", "simple_projection"),
        true);
    oneOf("addition_embed_type", additionEmbedType(), Set.of("text", "text_time"), true);
    oneOf(
        "encoder_hid_dim_type",
        fields.stringOrNull("encoder_hid_dim_type", null),
        Set.of("text_proj"),
        true);
    boolean projects =
        "text_time".equals(additionEmbedType())
            || classEmbedType() != null && classEmbedType().endsWith("projection");
    Settings.check(
        !projects || projectionInputDim() != null,
        "projection_class_embeddings_input_dim",
        null,
        "the length of the vectors that are projected");
    Settings.check(
        !"text_time".equals(additionEmbedType()) || additionTimeEmbedDim() != null,
        "addition_time_embed_dim",
        null,
        "the length of a size's embedding");
    for (String key : List.of("conv_in_kernel", "conv_out_kernel")) {
      int kernel = fields.integer(key, 0);
      Settings.check(kernel > 0 && kernel < 16 && kernel % 2 == 1, key, kernel, "odd, at most 15");
    }
    Settings.check(
        dropout() >= 0 && dropout() < 1, "dropout", dropout(), "at least 0 and less than 1");
  }

  private static void positive(String key, Integer value) {
    Settings.check(value != null && value > 0 && value <= MOST, key, value, "from 1 to " + MOST);
  }

  private static void oneOf(String key, String value, Set<String> choices, boolean nullable) {
    Settings.check(
        value == null ? nullable : choices.contains(value),
        key,
        value,
        "one of %s%s"
            .formatted(
                String.join(", ", choices.stream().sorted().toList()),
                nullable ? ", or null" : ""));
  }

  private List<Level> levels() {
    List<Integer> channels = fields.integers("block_out_channels", List.of());
    int count = channels.size();
    Settings.check(
        count > 0 && count <= MOST_LEVELS,
        "block_out_channels",
        channels,
        "the channels of 1 to " + MOST_LEVELS + " levels");
    List<String> down = types("down_block_types", count, DOWN);
    List<String> up = types("up_block_types", count, UP).reversed();
    List<Integer> layers = fields.integers("layers_per_block", count);
    List<Integer> heads = fields.integers("attention_head_dim", count);
    List<Integer> context = fields.integers("cross_attention_dim", count);
    List<Boolean> onlyCross = fields.bools("only_cross_attention", count);
    List<List<Integer>> transformers = fields.integerLists("transformer_layers_per_block", count);
    List<List<Integer>> reversed =
        fields.hasValue("reverse_transformer_layers_per_block")
            ? fields.integerLists("reverse_transformer_layers_per_block", count).reversed()
            : transformers;
    List<Level> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      positive("block_out_channels", channels.get(i));
      positive("attention_head_dim", heads.get(i));
      positive("cross_attention_dim", context.get(i));
      Settings.check(
          layers.get(i) > 0 && layers.get(i) < MOST_LAYERS,
          "layers_per_block",
          layers,
          "from 1 to " + (MOST_LAYERS - 1));
      all.add(
          new Level(
              down.get(i),
              up.get(i),
              channels.get(i),
              layers.get(i),
              heads.get(i),
              heads.get(count - 1 - i),
              context.get(i),
              forLayers("transformer_layers_per_block", transformers.get(i), layers.get(i)),
              forLayers("reverse_transformer_layers_per_block", reversed.get(i), layers.get(i) + 1),
              onlyCross.get(i)));
    }
    return List.copyOf(all);
  }

  private List<String> types(String key, int count, Set<String> choices) {
    List<String> types = fields.strings(key, List.of());
    Settings.check(
        types.size() == count && choices.containsAll(types),
        key,
        types,
        "one of %s for each of the %d levels of block_out_channels"
            .formatted(String.join(", ", choices.stream().sorted().toList()), count));
    return types;
  }

  private static List<Integer> forLayers(String key, List<Integer> numbers, int layers) {
    List<Integer> each =
        numbers.size() == 1 ? Collections.nCopies(layers, numbers.getFirst()) : numbers;
    Settings.check(
        each.size() == layers && each.stream().allMatch(n -> n > 0 && n < MOST_LAYERS),
        key,
        numbers,
        "one number above 0 for a level, or one for each of its %d layers".formatted(layers));
    return each;
  }

  /** The levels, finest first. */
  List<Level> eachLevel() {
    return levels;
  }

  /** Height and width of a sample, or null. */
  public SampleSize sampleSize() {
    return UNet2DConfigJson.sampleSize(fields);
  }

  /** Channels of the input. */
  public int inChannels() {
    return fields.integer("in_channels", 0);
  }

  /** Channels of the output. */
  public int outChannels() {
    return fields.integer("out_channels", 0);
  }

  /** Channels of the hidden states of the text that the model reads. */
  public int contextChannels() {
    return encoderHidDim() == null ? levels.getLast().contextChannels : encoderHidDim();
  }

  /** Whether the input is mapped from [0, 1] to [-1, 1] first. */
  boolean centerInputSample() {
    return fields.bool("center_input_sample", false);
  }

  @Override
  public int baseChannels() {
    return levels.getFirst().channels;
  }

  @Override
  public boolean flipSinToCos() {
    return fields.bool("flip_sin_to_cos", true);
  }

  @Override
  public int freqShift() {
    return fields.integer("freq_shift", 0);
  }

  @Override
  public String classEmbedType() {
    return fields.stringOrNull("class_embed_type", null);
  }

  @Override
  public Integer numClassEmbeds() {
    return fields.integerOrNull("num_class_embeds", null);
  }

  @Override
  public Integer projectionInputDim() {
    return fields.integerOrNull("projection_class_embeddings_input_dim", null);
  }

  @Override
  public boolean concatenatesClasses() {
    return fields.bool("class_embeddings_concat", false);
  }

  @Override
  public int timeEmbedDim() {
    Integer dim = fields.integerOrNull("time_embedding_dim", null);
    return dim == null || dim == 0 ? 4 * baseChannels() : dim;
  }

  /** The activation of residual blocks and of the timestep's embedding. */
  public Activation activation() {
    return activation("act_fn");
  }

  @Override
  public Activation timeActivation() {
    return activation();
  }

  @Override
  public Activation timestepPostAct() {
    return activation("timestep_post_act");
  }

  @Override
  public Integer timeCondProjDim() {
    return fields.integerOrNull("time_cond_proj_dim", null);
  }

  /** The activation of the whole embedding, or null. */
  Activation timeEmbeddingAct() {
    return activation("time_embedding_act_fn");
  }

  private Activation activation(String key) {
    String name = fields.stringOrNull(key, null);
    return name == null ? null : Activation.named(name).orElseThrow();
  }

  /** The type of the middle block, or null. */
  String midBlockType() {
    return fields.stringOrNull("mid_block_type", null);
  }

  /** Whether the pixels of the middle block attend to nothing but the text. */
  boolean midOnlyCross() {
    return fields.hasValue("mid_block_only_cross_attention")
        ? fields.bool("mid_block_only_cross_attention", false)
        : !fields.isList("only_cross_attention") && fields.bool("only_cross_attention", false);
  }

  int downsamplePadding() {
    return fields.integer("downsample_padding", 1);
  }

  double midBlockScaleFactor() {
    return fields.number("mid_block_scale_factor", 1);
  }

  double dropout() {
    return fields.number("dropout", 0);
  }

  int normNumGroups() {
    return fields.integer("norm_num_groups", 0);
  }

  double normEps() {
    return fields.number("norm_eps", 0);
  }

  /** Channels of the hidden states before their projection, or null for none. */
  Integer encoderHidDim() {
    return fields.integerOrNull("encoder_hid_dim", null);
  }

  boolean useLinearProjection() {
    return fields.bool("use_linear_projection", false);
  }

  /** {@code text} or {@code text_time}, as in SDXL; or null. */
  public String additionEmbedType() {
    return fields.stringOrNull("addition_embed_type", null);
  }

  Integer additionTimeEmbedDim() {
    return fields.integerOrNull("addition_time_embed_dim", null);
  }

  int additionHeads() {
    return fields.integer("addition_embed_type_num_heads", 64);
  }

  boolean scaleShift() {
    return fields.string("resnet_time_scale_shift", "").equals("scale_shift");
  }

  boolean resnetSkipTimeAct() {
    return fields.bool("resnet_skip_time_act", false);
  }

  double resnetOutScaleFactor() {
    return fields.number("resnet_out_scale_factor", 1);
  }

  int convInKernel() {
    return fields.integer("conv_in_kernel", 3);
  }

  int convOutKernel() {
    return fields.integer("conv_out_kernel", 3);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof UNet2DConditionConfig config && values().equals(config.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }
}
