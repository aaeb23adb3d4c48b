package io.github.tornadodiffusion.nn.models.autoencoder;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Settings;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The configuration of an {@link AutoencoderKL}: component for component arguments of diffusers'
 * class, whose documentation applies.
 *
 * @param inChannels channels of the images to encode
 * @param outChannels channels of the decoded images
 * @param blockOutChannels channels of each level, finest first; every level but the last halves
 *     height and width
 * @param layersPerBlock residual blocks in a level of the encoder; one of the decoder has one more
 * @param actFn activation of the residual blocks
 * @param latentChannels channels of the latents
 * @param normNumGroups groups of the group normalisations
 * @param sampleSize height and width of the images it was trained on, or null
 * @param scalingFactor what latents are multiplied by for a diffusion model
 * @param shiftFactor what is subtracted from latents before that, or null for nothing
 * @param useQuantConv whether a convolution follows the encoder
 * @param usePostQuantConv whether a convolution precedes the decoder
 * @param midBlockAddAttention whether the middle blocks have attention
 * @param forceUpcast kept for diffusers: half precision overflows
 */
public record AutoencoderKLConfig(
    int inChannels,
    int outChannels,
    List<Integer> blockOutChannels,
    int layersPerBlock,
    String actFn,
    int latentChannels,
    int normNumGroups,
    Integer sampleSize,
    double scalingFactor,
    Double shiftFactor,
    boolean useQuantConv,
    boolean usePostQuantConv,
    boolean midBlockAddAttention,
    boolean forceUpcast) {
  /** The {@code _class_name} in {@code config.json}. */
  public static final String CLASS_NAME = "AutoencoderKL";

  private static final String DOWN = "DownEncoderBlock2D";
  private static final String UP = "UpDecoderBlock2D";
  private static final int MOST_LEVELS = 16;
  private static final int MOST_CHANNELS = 1 << 20;

  /** Written only where it is not the default, because diffusers 0.27 does not know it. */
  private static final Map<String, Object> NEWER =
      Map.of("use_quant_conv", true, "use_post_quant_conv", true, "mid_block_add_attention", true);

  private static final Set<String> IGNORED =
      Set.of("latents_mean", "latents_std", "down_block_types", "up_block_types", "shift_factor");

  /**
   * Checks the configuration.
   *
   * @throws IllegalArgumentException naming the key, its value and what is possible
   */
  public AutoencoderKLConfig {
    blockOutChannels = List.copyOf(blockOutChannels);
    int levels = blockOutChannels.size();
    Settings.check(
        levels > 0 && levels <= MOST_LEVELS,
        "block_out_channels",
        blockOutChannels,
        "the channels of 1 to " + MOST_LEVELS + " levels");
    positive("norm_num_groups", normNumGroups);
    for (int channels : blockOutChannels) {
      Settings.check(
          channels > 0 && channels <= MOST_CHANNELS && channels % normNumGroups == 0,
          "block_out_channels",
          blockOutChannels,
          "multiples of norm_num_groups, which is " + normNumGroups);
    }
    positive("in_channels", inChannels);
    positive("out_channels", outChannels);
    positive("latent_channels", latentChannels);
    positive("layers_per_block", layersPerBlock);
    Settings.check(
        Activation.named(actFn).isPresent(),
        "act_fn",
        actFn,
        "one of " + String.join(", ", Activation.names()));
    Settings.check(
        Double.isFinite(scalingFactor) && scalingFactor != 0,
        "scaling_factor",
        scalingFactor,
        "a number that is not 0");
  }

  private static void positive(String key, int value) {
    Settings.check(value >= 1 && value <= MOST_CHANNELS, key, value, "1 to " + MOST_CHANNELS);
  }

  /** The defaults of diffusers' class with the given levels. */
  public static AutoencoderKLConfig of(List<Integer> blockOutChannels, int layersPerBlock) {
    return new AutoencoderKLConfig(
        3,
        3,
        blockOutChannels,
        layersPerBlock,
        "silu",
        4,
        32,
        32,
        0.18215,
        null,
        true,
        true,
        true,
        true);
  }

  /**
   * Reads the fields of a {@code config.json}; those that are absent have diffusers' defaults.
   *
   * @throws IllegalArgumentException in one line naming a key that is unknown or not supported
   */
  public static AutoencoderKLConfig of(JsonFields fields) {
    String className = fields.string(Json.CLASS_NAME, CLASS_NAME);
    Settings.check(className.equals(CLASS_NAME), Json.CLASS_NAME, className, CLASS_NAME);
    AutoencoderKLConfig defaults = of(List.of(64), 1);
    Set<String> known = allFields(defaults).keySet();
    fields.refuseOthers(
        key -> known.contains(key) || IGNORED.contains(key), CLASS_NAME + " of diffusers");
    for (String key : List.of("latents_mean", "latents_std")) {
      Settings.check(!fields.hasValue(key), key, "given", "null: no pipeline here reads it");
    }
    List<Integer> channels = fields.integers("block_out_channels", defaults.blockOutChannels);
    blocks(fields, "down_block_types", DOWN, channels.size());
    blocks(fields, "up_block_types", UP, channels.size());
    return new AutoencoderKLConfig(
        fields.integer("in_channels", defaults.inChannels),
        fields.integer("out_channels", defaults.outChannels),
        channels,
        fields.integer("layers_per_block", defaults.layersPerBlock),
        fields.string("act_fn", defaults.actFn),
        fields.integer("latent_channels", defaults.latentChannels),
        fields.integer("norm_num_groups", defaults.normNumGroups),
        fields.integerOrNull("sample_size", defaults.sampleSize),
        fields.number("scaling_factor", defaults.scalingFactor),
        fields.numberOrNull("shift_factor", null),
        fields.bool("use_quant_conv", true),
        fields.bool("use_post_quant_conv", true),
        fields.bool("mid_block_add_attention", true),
        fields.bool("force_upcast", true));
  }

  private static void blocks(JsonFields fields, String key, String type, int levels) {
    List<String> types = fields.strings(key, Collections.nCopies(levels, type));
    Settings.check(
        types.equals(Collections.nCopies(levels, type)),
        key,
        types,
        type + " for each of the " + levels + " levels of block_out_channels");
  }

  /** Reads a {@code config.json}. */
  public static AutoencoderKLConfig read(Path file) throws java.io.IOException {
    return Json.read(file, AutoencoderKLConfig::of);
  }

  /** The text that diffusers writes for this configuration. */
  public String toJson() {
    Map<String, Object> fields = allFields(this);
    NEWER.forEach(fields::remove);
    if (shiftFactor != null) {
      fields.put("shift_factor", shiftFactor);
    }
    return Json.write(Json.ofClass(CLASS_NAME, fields));
  }

  private static Map<String, Object> allFields(AutoencoderKLConfig config) {
    int levels = config.blockOutChannels.size();
    Map<String, Object> fields = new TreeMap<>();
    fields.put("in_channels", config.inChannels);
    fields.put("out_channels", config.outChannels);
    fields.put("down_block_types", Collections.nCopies(levels, DOWN));
    fields.put("up_block_types", Collections.nCopies(levels, UP));
    fields.put("block_out_channels", config.blockOutChannels);
    fields.put("layers_per_block", config.layersPerBlock);
    fields.put("act_fn", config.actFn);
    fields.put("latent_channels", config.latentChannels);
    fields.put("norm_num_groups", config.normNumGroups);
    fields.put("sample_size", config.sampleSize);
    fields.put("scaling_factor", config.scalingFactor);
    fields.put("latents_mean", null);
    fields.put("latents_std", null);
    fields.put("force_upcast", config.forceUpcast);
    fields.put("use_quant_conv", config.useQuantConv);
    fields.put("use_post_quant_conv", config.usePostQuantConv);
    fields.put("mid_block_add_attention", config.midBlockAddAttention);
    return fields;
  }

  /** How many pixels of an image there are to a latent, in each direction. */
  public int scaleFactor() {
    return 1 << (blockOutChannels.size() - 1);
  }
}
