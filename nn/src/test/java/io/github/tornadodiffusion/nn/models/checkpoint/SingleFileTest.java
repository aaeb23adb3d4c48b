package io.github.tornadodiffusion.nn.models.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.RealCheckpoints;
import io.github.tornadodiffusion.nn.models.checkpoint.OriginalLayout.Form;
import io.github.tornadodiffusion.nn.models.checkpoint.OriginalLayout.Place;
import io.github.tornadodiffusion.nn.models.checkpoint.SingleFile.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SingleFileTest {
  @TempDir Path directory;

  private static List<ParameterSpec> specs(String model) throws IOException {
    return RealCheckpoints.published(model).entrySet().stream()
        .map(e -> new ParameterSpec(e.getKey(), shape(e.getValue()), ParameterSpec.Kind.BIAS, 1))
        .toList();
  }

  private static int[] shape(String text) {
    return Arrays.stream(text.substring(1, text.length() - 1).split(", "))
        .mapToInt(Integer::parseInt)
        .toArray();
  }

  /** Names of the files that CompVis and Stability AI published. */
  @ParameterizedTest
  @CsvSource({
    "unet sd-v1.5, conv_in.weight, input_blocks.0.0.weight",
    "unet sd-v1.5, time_embedding.linear_2.bias, time_embed.2.bias",
    "unet sd-v1.5, down_blocks.0.downsamplers.0.conv.weight, input_blocks.3.0.op.weight",
    "unet sd-v1.5, down_blocks.1.resnets.0.conv_shortcut.weight,"
        + " input_blocks.4.0.skip_connection.weight",
    "unet sd-v1.5, down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight,"
        + " input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight",
    "unet sd-v1.5, down_blocks.3.resnets.1.conv2.bias, input_blocks.11.0.out_layers.3.bias",
    "unet sd-v1.5, mid_block.resnets.1.time_emb_proj.weight, middle_block.2.emb_layers.1.weight",
    "unet sd-v1.5, up_blocks.0.upsamplers.0.conv.weight, output_blocks.2.1.conv.weight",
    "unet sd-v1.5, up_blocks.1.upsamplers.0.conv.bias, output_blocks.5.2.conv.bias",
    "unet sd-v1.5, up_blocks.3.attentions.2.proj_out.weight, output_blocks.11.1.proj_out.weight",
    "unet sd-v1.5, conv_norm_out.weight, out.0.weight",
    "unet sd-v1.5, up_blocks.3.attentions.2.transformer_blocks.0.norm1.weight,"
        + " output_blocks.11.1.transformer_blocks.0.norm1.weight",
    "unet sdxl-base, add_embedding.linear_1.weight, label_emb.0.0.weight",
    "unet sdxl-base, down_blocks.2.attentions.1.transformer_blocks.9.ff.net.0.proj.weight,"
        + " input_blocks.8.1.transformer_blocks.9.ff.net.0.proj.weight",
    "unet sdxl-base, up_blocks.1.upsamplers.0.conv.weight, output_blocks.5.2.conv.weight"
  })
  void unetsHaveTheirPublishedNames(String model, String ours, String original) throws IOException {
    assertEquals(
        new Place("model.diffusion_model." + original, Form.SAME),
        OriginalLayout.unet(specs(model)).get(ours));
  }

  @ParameterizedTest
  @CsvSource({
    "encoder.down_blocks.1.resnets.0.conv_shortcut.weight,"
        + " encoder.down.1.block.0.nin_shortcut.weight, SAME",
    "encoder.down_blocks.0.downsamplers.0.conv.bias, encoder.down.0.downsample.conv.bias, SAME",
    "decoder.up_blocks.0.resnets.2.norm1.weight, decoder.up.3.block.2.norm1.weight, SAME",
    "decoder.up_blocks.2.upsamplers.0.conv.weight, decoder.up.1.upsample.conv.weight, SAME",
    "decoder.mid_block.attentions.0.to_out.0.weight, decoder.mid.attn_1.proj_out.weight, POINTWISE",
    "decoder.mid_block.attentions.0.to_q.bias, decoder.mid.attn_1.q.bias, SAME",
    "encoder.mid_block.attentions.0.group_norm.weight, encoder.mid.attn_1.norm.weight, SAME",
    "encoder.mid_block.resnets.1.conv1.weight, encoder.mid.block_2.conv1.weight, SAME",
    "decoder.conv_norm_out.bias, decoder.norm_out.bias, SAME",
    "quant_conv.weight, quant_conv.weight, SAME"
  })
  void autoencodersHaveTheirPublishedNames(String ours, String original, Form form)
      throws IOException {
    assertEquals(
        new Place("first_stage_model." + original, form),
        OriginalLayout.autoencoder(specs("vae sd-v1.5")).get(ours));
  }

  @ParameterizedTest
  @CsvSource({
    "text_model.encoder.layers.5.self_attn.k_proj.weight,"
        + " transformer.resblocks.5.attn.in_proj_weight, KEY",
    "text_model.encoder.layers.5.self_attn.v_proj.bias,"
        + " transformer.resblocks.5.attn.in_proj_bias, VALUE",
    "text_model.encoder.layers.0.layer_norm2.weight, transformer.resblocks.0.ln_2.weight, SAME",
    "text_model.encoder.layers.0.mlp.fc1.bias, transformer.resblocks.0.mlp.c_fc.bias, SAME",
    "text_model.embeddings.position_embedding.weight, positional_embedding, SAME",
    "text_projection.weight, text_projection, TRANSPOSED"
  })
  void textEncodersOfOpenClipHaveTheirPublishedNames(String ours, String original, Form form)
      throws IOException {
    assertEquals(
        new Place("p." + original, form),
        OriginalLayout.openClip("p.", specs("text_encoder_2 sdxl-base")).get(ours));
  }

  /** No two parameters of a real model share a place. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "unet sd-v1.5",
        "unet sd-v1.5-inpainting",
        "unet sd-v2.1",
        "unet sdxl-base",
        "vae sd-v1.5",
        "text_encoder sd-v1.5",
        "text_encoder sd-v2.1",
        "text_encoder_2 sdxl-base"
      })
  void everyParameterHasAPlaceOfItsOwn(String model) throws IOException {
    List<ParameterSpec> specs = specs(model);
    Map<String, Place> places =
        model.startsWith("unet")
            ? OriginalLayout.unet(specs)
            : model.startsWith("vae")
                ? OriginalLayout.autoencoder(specs)
                : OriginalLayout.openClip("", specs);
    assertEquals(specs.size(), places.values().stream().distinct().count());
  }

  private static SequencedMap<String, HostTensor> stored(String file) throws IOException {
    return Safetensors.read(Golden.path(file));
  }

  private static List<ParameterSpec> specs(Map<String, HostTensor> parameters) {
    return parameters.entrySet().stream()
        .map(e -> new ParameterSpec(e.getKey(), e.getValue().shape(), ParameterSpec.Kind.BIAS, 1))
        .toList();
  }

  @ParameterizedTest
  @CsvSource({"SD_1, sd_tiny", "SD_2, sd_tiny", "SDXL, sdxl_tiny"})
  void whatIsWrittenIsRead(Family family, String model) throws IOException {
    SequencedMap<String, HostTensor> unet =
        stored(model + "/unet/diffusion_pytorch_model.safetensors");
    SequencedMap<String, HostTensor> vae =
        stored(model + "/vae/diffusion_pytorch_model.safetensors");
    SequencedMap<String, HostTensor> text = stored(model + "/text_encoder/model.safetensors");
    List<SequencedMap<String, HostTensor>> texts =
        family == Family.SDXL
            ? List.of(text, stored(model + "/text_encoder_2/model.safetensors"))
            : List.of(text);
    Path file = directory.resolve("all.safetensors");
    SingleFile.write(file, family, unet, vae, texts);
    try (SingleFile read = SingleFile.open(file)) {
      assertEquals(family, read.family());
      assertEquals(4, read.inChannels());
      assertEquals(unet, read.unet(specs(unet)));
      assertEquals(vae, read.autoencoder(specs(vae)));
      for (int i = 0; i < texts.size(); i++) {
        assertEquals(texts.get(i), read.textEncoder(i, specs(texts.get(i))));
      }
      SequencedMap<String, HostTensor> other = new LinkedHashMap<>(unet);
      other.put("conv_in.weight", HostTensor.zeros(2, 9, 3, 3));
      String message = assertThrows(IOException.class, () -> read.unet(specs(other))).getMessage();
      assertTrue(message.contains("and should be [2, 9, 3, 3]"), message);
    }
  }

  @Test
  void otherFilesAreRefusedInOneLine() throws IOException {
    Path other = directory.resolve("other.safetensors");
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    tensors.put("double_blocks.0.img_attn.qkv.weight", HostTensor.zeros(3, 1));
    Safetensors.write(other, tensors, Map.of());
    for (String name :
        List.of("model.ckpt", "model.pt", "pytorch_model.bin", "other.safetensors")) {
      Path file = directory.resolve(name);
      if (!Files.exists(file)) {
        Files.writeString(file, "PK");
      }
      String message = assertThrows(IOException.class, () -> SingleFile.open(file)).getMessage();
      assertTrue(message.startsWith(file.toString()), message);
      assertTrue(
          message.contains(name.startsWith("other") ? "double_blocks" : "from_single_file"),
          message);
      assertFalse(message.contains("\n"), message);
    }
  }
}
