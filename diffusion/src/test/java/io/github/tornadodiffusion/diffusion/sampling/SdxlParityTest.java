package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.diffusion.TestDevice;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel.Text;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Latents and images of SDXL's pipeline from its texts' hidden states, against diffusers 0.27.2.
 */
class SdxlParityTest {
  private static final int TOKENS = 16;
  private static final int SIDE = 8;

  /** Latents have a root mean square of about 5. */
  private static final float LATENTS = 2e-4f;

  private static final float IMAGES = 5e-5f;

  private static Path path(String name) throws Exception {
    return Path.of(SdxlParityTest.class.getResource("/golden/sdxl_tiny/" + name).toURI());
  }

  private static List<Map<String, float[]>> texts(Golden golden, String run, String kind, int n) {
    float[] states = golden.tensor(run + "." + kind + "prompt_embeds");
    float[] pooled =
        golden.tensor(run + "." + (kind.isEmpty() ? "" : kind) + "pooled_prompt_embeds");
    List<Map<String, float[]>> texts = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      texts.add(
          Map.of(
              UNet2DConditionModel.ENCODER_HIDDEN_STATES,
              row(states, i, n),
              UNet2DConditionModel.TEXT_EMBEDS,
              row(pooled, i, n),
              UNet2DConditionModel.TIME_IDS,
              new float[] {16, 16, 0, 0, 16, 16}));
    }
    return texts;
  }

  private static float[] row(float[] values, int row, int rows) {
    int length = values.length / rows;
    return Arrays.copyOfRange(values, row * length, (row + 1) * length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"negative", "empty_negative", "clip_skip1_rescale0.7"})
  void latentsAndImages(String run) throws Exception {
    Golden golden = new Golden("sdxl_tiny/pipeline");
    JsonNode kwargs = golden.json().get("runs").get(run).get("kwargs");
    int n = kwargs.get("prompt").size();
    UNet2DConditionModel unet =
        new UNet2DConditionModel(
            UNet2DConditionConfig.read(path("unet/config.json")), new Text(TOKENS, false));
    Sampling sampling = Sampling.of(Schedulers.read(path("scheduler/scheduler_config.json")), 4);
    ReverseProcess process = ReverseProcess.fromNoise(sampling);
    float[] initial = golden.tensor("initial_latents");
    SampleNoise noise = (draw, first, out) -> System.arraycopy(initial, 0, out, 0, out.length);
    TextToImage.Prompts prompts =
        new TextToImage.Prompts(
            texts(golden, run, "", n),
            texts(golden, run, "negative_", n),
            kwargs.get("guidance_scale").asDouble(),
            kwargs.path("guidance_rescale").asDouble(0),
            IntStream.range(0, n).toArray());
    float[] steps = golden.tensor(run + ".latents_per_step");
    try (Engine engine = TestDevice.open()) {
      float[] latents;
      try (TextToImage texts =
          TextToImage.open(
              engine,
              TextToImage.record(unet, 4, process.registers(), new BatchShape(n, SIDE, SIDE)),
              parameters("unet"),
              4)) {
        latents =
            texts.latents(
                process,
                new PromptConditions(),
                prompts,
                noise,
                Pipeline.Part.ALL,
                (first, images, values) -> {});
      }
      float[] expected = Arrays.copyOfRange(steps, steps.length - latents.length, steps.length);
      assertArrayEquals(expected, latents, LATENTS);
      LatentCodec codec =
          new LatentCodec(
              engine, AutoencoderKLConfig.read(path("vae/config.json")), parameters("vae"), 0);
      checkImages(golden.tensor(run + ".image_nhwc"), codec.decode(latents, n, SIDE, SIDE), n);
    }
  }

  private static Map<String, HostTensor> parameters(String part) throws Exception {
    return read(path(part + "/diffusion_pytorch_model.safetensors"));
  }

  private static Map<String, HostTensor> read(Path file) throws IOException {
    return Safetensors.read(file);
  }

  /** Compares images in [0, 1], NHWC, with images about in [-1, 1], NCHW. */
  static void checkImages(float[] expected, float[] images, int n) {
    assertEquals(expected.length, images.length);
    int pixels = images.length / n / 3;
    for (int i = 0; i < images.length; i++) {
      int image = i / (3 * pixels);
      int channel = i / pixels % 3;
      int pixel = i % pixels;
      float actual = Math.clamp(images[i] / 2 + 0.5f, 0, 1);
      assertEquals(expected[(image * pixels + pixel) * 3 + channel], actual, IMAGES, "at " + i);
    }
  }
}
