package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The {@code config.json} of a {@link UNet2DConfig}. */
final class UNet2DConfigJson {
  static final String CLASS_NAME = "UNet2DModel";
  private static final String OLD_PREFIX = "UNetRes";

  /** What diffusers 0.27.2 does not know; written only where it is not the default. */
  private static final String MID_BLOCK_TYPE = "mid_block_type";

  private static final String TIME_EMBEDDING_DIM = "time_embedding_dim";

  /** What diffusers' EMAModel adds to the file of an averaged model: how it was averaged. */
  static final Set<String> OF_AVERAGES =
      Set.of(
          "decay",
          "inv_gamma",
          "min_decay",
          "optimization_step",
          "power",
          "update_after_step",
          "use_ema_warmup");

  private UNet2DConfigJson() {}

  static UNet2DConfig read(Path file) throws IOException {
    return Json.read(file, UNet2DConfigJson::fromFields);
  }

  static UNet2DConfig fromFields(JsonFields fields) {
    String className = fields.string(Json.CLASS_NAME, CLASS_NAME);
    if (!className.equals(CLASS_NAME)) {
      throw new IllegalArgumentException(
          "_class_name is %s; only a %s can be read".formatted(className, CLASS_NAME));
    }
    UNet2DConfig defaults = UNet2DConfig.defaults();
    Set<String> known = Json.ofClass(CLASS_NAME, allFields(defaults)).keySet();
    fields.refuseOthers(
        key -> known.contains(key) || OF_AVERAGES.contains(key), CLASS_NAME + " of diffusers");
    return UNet2DConfig.builder()
        .sampleSize(sampleSize(fields))
        .inChannels(fields.integer("in_channels", defaults.inChannels()))
        .outChannels(fields.integer("out_channels", defaults.outChannels()))
        .centerInputSample(fields.bool("center_input_sample", defaults.centerInputSample()))
        .timeEmbeddingType(fields.string("time_embedding_type", defaults.timeEmbeddingType()))
        .timeEmbeddingDim(timeEmbeddingDim(fields))
        .freqShift(fields.integer("freq_shift", defaults.freqShift()))
        .flipSinToCos(fields.bool("flip_sin_to_cos", defaults.flipSinToCos()))
        .downBlockTypes(blockTypes(fields, "down_block_types", defaults.downBlockTypes()))
        .midBlockType(fields.stringOrNull(MID_BLOCK_TYPE, defaults.midBlockType()))
        .upBlockTypes(blockTypes(fields, "up_block_types", defaults.upBlockTypes()))
        .blockOutChannels(fields.integers("block_out_channels", defaults.blockOutChannels()))
        .layersPerBlock(fields.integer("layers_per_block", defaults.layersPerBlock()))
        .midBlockScaleFactor(
            fields.number("mid_block_scale_factor", defaults.midBlockScaleFactor()))
        .downsamplePadding(fields.integer("downsample_padding", defaults.downsamplePadding()))
        .downsampleType(sampleType(fields, "downsample_type", defaults.downsampleType()))
        .upsampleType(sampleType(fields, "upsample_type", defaults.upsampleType()))
        .dropout(fields.number("dropout", defaults.dropout()))
        .actFn(fields.string("act_fn", defaults.actFn()))
        .attentionHeadDim(fields.integerOrNull("attention_head_dim", defaults.attentionHeadDim()))
        .normNumGroups(fields.integerOrNull("norm_num_groups", defaults.normNumGroups()))
        .attnNormNumGroups(
            fields.integerOrNull("attn_norm_num_groups", defaults.attnNormNumGroups()))
        .normEps(fields.number("norm_eps", defaults.normEps()))
        .resnetTimeScaleShift(
            fields.string("resnet_time_scale_shift", defaults.resnetTimeScaleShift()))
        .addAttention(fields.bool("add_attention", defaults.addAttention()))
        .classEmbedType(fields.stringOrNull("class_embed_type", defaults.classEmbedType()))
        .numClassEmbeds(fields.integerOrNull("num_class_embeds", defaults.numClassEmbeds()))
        .numTrainTimesteps(
            fields.integerOrNull("num_train_timesteps", defaults.numTrainTimesteps()))
        .build();
  }

  /** Names of block types; the prefix of their first names is left out, as in diffusers. */
  private static List<String> blockTypes(JsonFields fields, String key, List<String> fallback) {
    return fields.strings(key, fallback).stream()
        .map(type -> type.startsWith(OLD_PREFIX) ? type.substring(OLD_PREFIX.length()) : type)
        .toList();
  }

  /** As in diffusers null stands for the default of the blocks, which is conv too. */
  private static String sampleType(JsonFields fields, String key, String fallback) {
    String type = fields.stringOrNull(key, fallback);
    return type == null ? fallback : type;
  }

  /** As in diffusers 0 stands for the default. */
  private static Integer timeEmbeddingDim(JsonFields fields) {
    Integer length = fields.integerOrNull(TIME_EMBEDDING_DIM, null);
    return length == null || length == 0 ? null : length;
  }

  /** diffusers writes an integer for a square, [height, width] for a rectangle, or null. */
  static SampleSize sampleSize(JsonFields fields) {
    if (!fields.isList("sample_size")) {
      Integer side = fields.integerOrNull("sample_size", null);
      return side == null ? null : SampleSize.square(side);
    }
    List<Integer> sides = fields.integers("sample_size", List.of());
    if (sides.size() != 2) {
      throw new IllegalArgumentException(
          "sample_size is %s; give an integer or [height, width]".formatted(sides));
    }
    return new SampleSize(sides.get(0), sides.get(1));
  }

  /** The keys that diffusers writes. */
  static Map<String, Object> fields(UNet2DConfig config) {
    Map<String, Object> json = allFields(config);
    if (config.midBlockType() != null) {
      json.remove(MID_BLOCK_TYPE);
    }
    if (config.timeEmbeddingDim() == null) {
      json.remove(TIME_EMBEDDING_DIM);
    }
    return json;
  }

  /** The values of all keys. */
  private static Map<String, Object> allFields(UNet2DConfig config) {
    Map<String, Object> json = new TreeMap<>();
    json.put("sample_size", sampleSize(config.sampleSize()));
    json.put("in_channels", config.inChannels());
    json.put("out_channels", config.outChannels());
    json.put("center_input_sample", config.centerInputSample());
    json.put("time_embedding_type", config.timeEmbeddingType());
    json.put(TIME_EMBEDDING_DIM, config.timeEmbeddingDim());
    json.put("freq_shift", config.freqShift());
    json.put("flip_sin_to_cos", config.flipSinToCos());
    json.put("down_block_types", config.downBlockTypes());
    json.put(MID_BLOCK_TYPE, config.midBlockType());
    json.put("up_block_types", config.upBlockTypes());
    json.put("block_out_channels", config.blockOutChannels());
    json.put("layers_per_block", config.layersPerBlock());
    json.put("mid_block_scale_factor", integerIfWhole(config.midBlockScaleFactor()));
    json.put("downsample_padding", config.downsamplePadding());
    json.put("downsample_type", config.downsampleType());
    json.put("upsample_type", config.upsampleType());
    json.put("dropout", config.dropout());
    json.put("act_fn", config.actFn());
    json.put("attention_head_dim", config.attentionHeadDim());
    json.put("norm_num_groups", config.normNumGroups());
    json.put("attn_norm_num_groups", config.attnNormNumGroups());
    json.put("norm_eps", config.normEps());
    json.put("resnet_time_scale_shift", config.resnetTimeScaleShift());
    json.put("add_attention", config.addAttention());
    json.put("class_embed_type", config.classEmbedType());
    json.put("num_class_embeds", config.numClassEmbeds());
    json.put("num_train_timesteps", config.numTrainTimesteps());
    return json;
  }

  private static Object sampleSize(SampleSize size) {
    if (size == null) {
      return null;
    }
    return size.height() == size.width()
        ? (Object) size.height()
        : Arrays.asList(size.height(), size.width());
  }

  /**
   * diffusers' default is the integer 1, so a whole number is written as Python writes integers.
   */
  private static Object integerIfWhole(double value) {
    return value == (int) value ? (Object) (int) value : (Object) value;
  }
}
