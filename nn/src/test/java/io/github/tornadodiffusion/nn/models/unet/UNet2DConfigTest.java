package io.github.tornadodiffusion.nn.models.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class UNet2DConfigTest {
  @TempDir Path directory;

  @ParameterizedTest
  @MethodSource("io.github.tornadodiffusion.nn.Golden#unets")
  void writesWhatDiffusersWrote(String name) throws IOException {
    Path golden = Golden.path(name + "/config.json");
    Path written = directory.resolve("config.json");
    UNet2DConfig.read(golden).write(written);
    assertEquals(Files.readString(golden), Files.readString(written));
  }

  @Test
  void readsNullsIntegersAndLists() throws IOException {
    UNet2DConfig rectangle =
        UNet2DConfig.read(Golden.path("unet_variants/grey_center_rect/config.json"));
    assertEquals(new SampleSize(8, 12), rectangle.sampleSize());
    assertEquals(1.41421356, rectangle.midBlockScaleFactor());
    assertTrue(rectangle.centerInputSample());
    assertFalse(rectangle.addAttention());
    UNet2DConfig original =
        UNet2DConfig.read(Golden.path("unet_variants/ddpm_original/config.json"));
    assertNull(original.attentionHeadDim());
    assertEquals(SampleSize.square(8), original.sampleSize());
    UNet2DConfig labelled =
        UNet2DConfig.read(Golden.path("unet_variants/class_labels/config.json"));
    assertEquals(5, labelled.numClassEmbeds());
    assertNull(UNet2DConfig.fromJson("{\"sample_size\": null}").sampleSize());
  }

  @Test
  void absentKeysTakeDefaults() {
    UNet2DConfig defaults = UNet2DConfig.defaults();
    assertEquals(List.of(224, 448, 672, 896), defaults.blockOutChannels());
    assertEquals(8, defaults.attentionHeadDim());
    assertEquals(2, defaults.layersPerBlock());
    assertEquals(defaults, UNet2DConfig.fromJson(defaults.toJson()));
  }

  /** Those of an average's file do not change what is computed, and those of null say nothing. */
  @Test
  void keysThatChangeNothingAreIgnored() {
    assertEquals(
        UNet2DConfig.defaults(),
        UNet2DConfig.fromJson(
            """
            {"decay": 0.9999, "inv_gamma": 1.0, "min_decay": 0.0, "optimization_step": 3000,
             "power": 0.75, "update_after_step": 0, "use_ema_warmup": true,
             "_name_or_path": "here", "a_key_of_the_future": null}
            """));
  }

  /** As Python takes None: false where something is true or false, else the default. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "center_input_sample",
        "class_embed_type",
        "num_class_embeds",
        "num_train_timesteps",
        "attn_norm_num_groups",
        "time_embedding_dim",
        "downsample_type",
        "upsample_type",
        "sample_size"
      })
  void nullIsTheDefault(String key) {
    assertEquals(UNet2DConfig.defaults(), UNet2DConfig.fromJson("{\"" + key + "\": null}"));
  }

  @Test
  void nullIsFalse() {
    UNet2DConfig config =
        UNet2DConfig.fromJson("{\"add_attention\": null, \"flip_sin_to_cos\": null}");
    assertFalse(config.addAttention());
    assertFalse(config.flipSinToCos());
  }

  /** The keys of newer releases are written where they say something else than the default. */
  @Test
  void theMiddleBlockAndTheTimeEmbeddingAreKept() {
    String defaults = UNet2DConfig.defaults().toJson();
    assertFalse(defaults.contains("mid_block_type"), defaults);
    assertFalse(defaults.contains("time_embedding_dim"), defaults);
    assertEquals(
        UNet2DConfig.defaults(),
        UNet2DConfig.fromJson(
            "{\"mid_block_type\": \"UNetMidBlock2D\", \"time_embedding_dim\": 0}"));
    UNet2DConfig other =
        UNet2DConfig.fromJson("{\"mid_block_type\": null, \"time_embedding_dim\": 640}");
    assertNull(other.midBlockType());
    assertEquals(640, other.timeEmbedDim());
    assertEquals(4 * 224, UNet2DConfig.defaults().timeEmbedDim());
    assertEquals(other, UNet2DConfig.fromJson(other.toJson()));
    assertTrue(other.toJson().contains("\"mid_block_type\": null"), other.toJson());
    assertEquals(other, other.toBuilder().build());
  }

  @Test
  void firstNamesOfBlocksAreUnderstood() {
    UNet2DConfig config =
        UNet2DConfig.fromJson(
            """
            {"block_out_channels": [32, 32], "act_fn": "SiLU",
             "down_block_types": ["UNetResDownBlock2D", "UNetResAttnDownBlock2D"],
             "up_block_types": ["UNetResAttnUpBlock2D", "UpBlock2D"]}
            """);
    assertEquals(List.of("DownBlock2D", "AttnDownBlock2D"), config.downBlockTypes());
    assertEquals(List.of("AttnUpBlock2D", "UpBlock2D"), config.upBlockTypes());
    assertEquals(Activation.SILU, config.activation());
  }

  @Test
  void builderStartsFromAConfiguration() {
    UNet2DConfig small =
        UNet2DConfig.builder()
            .sampleSize(32)
            .blockOutChannels(64, 128)
            .downBlockTypes("DownBlock2D", "AttnDownBlock2D")
            .upBlockTypes("AttnUpBlock2D", "UpBlock2D")
            .build();
    assertEquals(1, small.downsamplings());
    UNet2DConfig labelled = small.toBuilder().numClassEmbeds(10).build();
    assertEquals(10, labelled.numClassEmbeds());
    assertEquals(small, labelled.toBuilder().numClassEmbeds(null).build());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'layers_per_block': 0} | layers_per_block is 0; it must be at least 1",
        "{'block_out_channels': [64, 128]} | give one a level in each",
        "{'block_out_channels': [64, 128, 100, 256]} | block_out_channels has 100",
        "{'block_out_channels': []} | block_out_channels is empty",
        "{'in_channels': 'three'} | in_channels is \"three\"; it must be an integer",
        "{'in_channels': null} | in_channels is null; it must be an integer",
        "{'in_channels': 3000000000} | it must be an integer",
        "{'norm_num_groups': -1} | norm_num_groups is -1",
        "{'norm_eps': -1} | norm_eps is -1.0; it must be at least 0",
        "{'dropout': 1.0} | dropout is 1.0",
        "{'sample_size': [8]} | sample_size is [8]; give an integer or [height, width]",
        "{'sample_size': 0} | both must be at least 1",
        "{'act_fn': 'geglu'} | act_fn is geglu, which is not supported; use silu, swish, mish",
        "{'class_embed_type': 'projection'} | class_embed_type is projection, which is not"
            + " supported",
        "{'time_embedding_type': 'learned'} | time_embedding_type is learned and"
            + " num_train_timesteps missing",
        "{'time_embedding_type': 'rotary'} | use positional or fourier or learned",
        "{'mid_block_scale_factor': 0} | mid_block_scale_factor is 0.0",
        "{'attn_norm_num_groups': 5} | attn_norm_num_groups is 5",
        "{'flip_sin_to_cos': 1} | flip_sin_to_cos is 1; it must be true or false",
        "{'_class_name': 'UNet2DConditionModel'} | only a UNet2DModel can be read",
        "{'in_channels': 3, 'in_channels': 4} | not valid JSON",
        "{'in_channels': | not valid JSON",
        "[] | not a JSON object",
        "{'down_block_types': ['DownBlock2D', 'DownBlock2D', 'DownBlock2D',"
            + " 'CrossAttnDownBlock2D']} | down_block_types is CrossAttnDownBlock2D, which is not"
            + " supported; use DownBlock2D or AttnDownBlock2D or ResnetDownsampleBlock2D",
        "{'mid_block_type': 'UNetMidBlock2DCrossAttn'} | mid_block_type is"
            + " UNetMidBlock2DCrossAttn, which is not supported; use UNetMidBlock2D, or null",
        "{'time_embedding_dim': -4} | time_embedding_dim is -4; it must be at least 1",
        "{'a_key_of_the_future': [1, {}]} | a_key_of_the_future is not a key of UNet2DModel",
        "{'encoder_hid_dim': 768} | encoder_hid_dim is not a key of UNet2DModel",
        "{'quantization_config': {'quant_method': 'bitsandbytes'}} | quantization_config is not a"
            + " key of UNet2DModel of diffusers, and what it changes is not computed",
        "{'norm_num_groups': null} | norm_num_groups is null, which only skip blocks allow",
      })
  void refusesInOneLineThatNamesTheFile(String json, String cause) throws IOException {
    Path file = directory.resolve("config.json");
    Files.writeString(file, json.replace('\'', '"'));
    var e = assertThrows(IOException.class, () -> UNet2DConfig.read(file));
    assertTrue(e.getMessage().contains(cause), e.getMessage());
    assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = directory.resolve("config.json");
    var e = assertThrows(IOException.class, () -> UNet2DConfig.read(file));
    assertTrue(e.getMessage().contains(file + ": it does not exist"), e.getMessage());
  }
}
