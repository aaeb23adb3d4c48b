package io.github.tornadodiffusion.diffusion.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL;
import io.github.tornadodiffusion.nn.models.checkpoint.SingleFile;
import io.github.tornadodiffusion.nn.models.checkpoint.SingleFile.Family;
import io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class StableDiffusionModelTest {
  private static final JsonNode PUBLISHED = Golden.json("real_checkpoints/summary.json");

  @TempDir Path temporary;

  private static Path golden(String name) throws Exception {
    return Path.of(StableDiffusionModelTest.class.getResource("/golden/" + name).toURI());
  }

  private static SequencedMap<String, HostTensor> parameters(String file) throws Exception {
    return Safetensors.read(golden(file));
  }

  private Path singleFile(Family family) throws Exception {
    String from = family == Family.SDXL ? "sdxl_tiny" : "sd_tiny";
    SequencedMap<String, HostTensor> text = parameters(from + "/text_encoder/model.safetensors");
    Path file = temporary.resolve(family + ".safetensors");
    SingleFile.write(
        file,
        family,
        parameters(from + "/unet/diffusion_pytorch_model.safetensors"),
        parameters(from + "/vae/diffusion_pytorch_model.safetensors"),
        family == Family.SDXL
            ? List.of(text, parameters(from + "/text_encoder_2/model.safetensors"))
            : List.of(text));
    return file;
  }

  private static void checkCount(String published, Model model) {
    assertEquals(
        PUBLISHED.get(published).get("parameters").asLong(), model.parameters().count(), published);
  }

  /** A single file has no configurations: they are those of the published models. */
  @ParameterizedTest
  @CsvSource({
    "SD_1, sd-v1.5, PNDMScheduler, epsilon",
    "SD_2, sd-v2.1, PNDMScheduler, v_prediction",
    "SDXL, sdxl-base, EulerDiscreteScheduler, epsilon"
  })
  void singleFilesHaveThePublishedConfigurations(
      Family family, String published, String scheduler, String prediction) throws Exception {
    Path file = singleFile(family);
    assertTrue(StableDiffusionModel.isOne(file));
    StableDiffusionModel model = StableDiffusionModel.read(file, null);
    assertEquals(scheduler, model.scheduler().className());
    assertEquals(prediction, model.scheduler().fields().get("prediction_type"));
    checkCount("unet " + published, new UNet2DConditionModel(model.unet(), Text.CLIP));
    checkCount("vae sd-v1.5", new AutoencoderKL(model.autoencoder()));
    boolean two = family == Family.SDXL;
    checkCount(
        "text_encoder " + (two ? "sd-v1.5" : published),
        TextEncoderFiles.model(model.texts().getFirst().config()));
    if (two) {
      checkCount(
          "text_encoder_2 sdxl-base", TextEncoderFiles.model(model.texts().getLast().config()));
    }
    assertEquals("DDIMScheduler", StableDiffusionModel.read(file, "ddim").scheduler().className());
  }

  @Test
  void directoriesAreRead() throws Exception {
    StableDiffusionModel plain = StableDiffusionModel.read(golden("sd_tiny"), null);
    assertEquals("PNDMScheduler", plain.scheduler().className());
    assertEquals(1, plain.texts().size());
    assertFalse(plain.zeroesWithoutText());
    UNet2DConditionModel unet = new UNet2DConditionModel(plain.unet(), Text.CLIP);
    assertEquals(
        parameters("sd_tiny/unet/diffusion_pytorch_model.safetensors").keySet(),
        new TreeSet<>(plain.unetParameters(unet.parameters().specs()).keySet()));
    StableDiffusionModel two = StableDiffusionModel.read(golden("sdxl_tiny"), null);
    assertEquals(2, two.texts().size());
    assertTrue(two.zeroesWithoutText());
    assertFalse(StableDiffusionModel.isOne(golden("tiny_ddpm_pipeline")));
  }

  @Test
  void partsThatAreNotComputedAreRefused() throws Exception {
    String index = Files.readString(golden("sd_tiny/model_index.json"));
    Path file = temporary.resolve(DiffusionModel.INDEX);
    Files.writeString(
        file, index.replaceFirst("\\{", "{\"controlnet\": [\"diffusers\", \"ControlNetModel\"],"));
    String message =
        assertThrows(IOException.class, () -> StableDiffusionModel.read(temporary, null))
            .getMessage();
    assertTrue(message.contains("the pipeline has a controlnet too"), message);
  }
}
