package io.github.tornadodiffusion.nn.models;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Names and shapes of published models, from their configurations and without their weights. */
class RealCheckpointsTest {
  private static Model model(String name, JsonNode config) {
    JsonFields fields = JsonFields.parse(config.toString());
    return name.startsWith("vae")
        ? new AutoencoderKL(AutoencoderKLConfig.of(fields))
        : new UNet2DConditionModel(
            UNet2DConditionConfig.of(fields), UNet2DConditionModel.Text.CLIP);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unet sd-v1.5",
        "unet sd-v1.5-inpainting",
        "unet sd-v2.1",
        "unet sdxl-base",
        "vae sd-v1.5"
      })
  void hasTheNamesAndShapes(String name) throws IOException {
    JsonNode summary =
        JsonMapper.shared()
            .readTree(Golden.path("real_checkpoints/summary.json").toFile())
            .get(name);
    Model model = model(name, summary.get("config"));
    Map<String, String> ours = new TreeMap<>();
    model
        .parameters()
        .specs()
        .forEach(spec -> ours.put(spec.name(), Arrays.toString(spec.shape())));
    assertEquals(RealCheckpoints.published(name), ours);
    assertEquals(summary.get("parameters").asLong(), model.parameters().count());
  }
}
