package io.github.tornadodiffusion.diffusion.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tornadodiffusion.diffusion.Golden;
import io.github.tornadodiffusion.diffusion.TestDevice;
import io.github.tornadodiffusion.diffusion.model.Adapters;
import io.github.tornadodiffusion.diffusion.model.StableDiffusionModel;
import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel.Text;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Whole runs of Stable Diffusion's pipelines against diffusers 0.27.2, from their prompts and their
 * noise.
 */
class StableDiffusionParityTest {
  private static final int TOKENS = 16;
  private static final int CHANNELS = 4;
  private static final int SIDE = 8;
  private static final int PIXELS = 16;
  private static final float LATENTS = 2e-4f;

  private static final Golden PLAIN = new Golden("sd_tiny/pipeline");
  private static final Golden OTHERS = new Golden("pipelines/pipelines");

  private static Engine engine;
  private static LatentCodec codec;

  @BeforeAll
  static void open() throws Exception {
    engine = TestDevice.open();
    codec =
        new LatentCodec(
            engine,
            AutoencoderKLConfig.read(path("vae/config.json")),
            Safetensors.read(path("vae/diffusion_pytorch_model.safetensors")),
            0);
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static Path path(String name) throws Exception {
    return Path.of(StableDiffusionParityTest.class.getResource("/golden/sd_tiny/" + name).toURI());
  }

  private static List<String> strings(JsonNode node) {
    List<String> strings = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(one -> strings.add(one.asString()));
    } else if (node.isString()) {
      strings.add(node.asString());
    }
    return strings;
  }

  private static Sampling sampling(JsonNode config, String className, JsonNode kwargs) {
    StepOptions defaults = StepOptions.DEFAULTS;
    return Sampling.of(
        Schedulers.of(
            className, JsonFields.parse(config.toString().replace("\"-Infinity\"", "-Infinity"))),
        kwargs.get("num_inference_steps").asInt(),
        new StepOptions(
            kwargs.path("eta").asDouble(0), false, defaults.churn(), defaults.order(), null));
  }

  private static TextToImage.Prompts prompts(
      List<String> prompts, List<String> negative, JsonNode kwargs, int perPrompt)
      throws Exception {
    return prompts(StableDiffusionModel.read(path(""), null), prompts, negative, kwargs, perPrompt);
  }

  private static TextToImage.Prompts prompts(
      StableDiffusionModel model,
      List<String> prompts,
      List<String> negative,
      JsonNode kwargs,
      int perPrompt)
      throws Exception {
    int n = prompts.size();
    return new PromptReader(engine, model, null)
        .read(
            prompts,
            negative.isEmpty() || negative.size() == n
                ? negative.isEmpty() ? null : negative
                : Collections.nCopies(n, negative.getFirst()),
            new PromptReader.Options(
                kwargs.get("guidance_scale").asDouble(),
                kwargs.path("guidance_rescale").asDouble(0),
                kwargs.path("clip_skip").asInt(0),
                SampleSize.square(PIXELS)),
            IntStream.range(0, n * perPrompt).map(i -> i / perPrompt).toArray());
  }

  private static void check(
      Golden golden,
      String run,
      ReverseProcess process,
      PromptConditions conditions,
      TextToImage.Prompts prompts,
      SampleNoise noise,
      boolean nineChannels)
      throws Exception {
    UNet2DConditionConfig config = UNet2DConditionConfig.read(path("unet/config.json"));
    SequencedMap<String, HostTensor> parameters =
        Safetensors.read(path("unet/diffusion_pytorch_model.safetensors"));
    if (nineChannels) {
      config = config.with(Map.of("in_channels", 9));
      parameters.put(
          "conv_in.weight",
          new HostTensor(new int[] {16, 9, 3, 3}, OTHERS.tensor("unet9.conv_in.weight")));
    }
    UNet2DConditionModel unet = new UNet2DConditionModel(config, new Text(TOKENS, false));
    int n = prompts.ofImages().length;
    float[] latents;
    try (TextToImage pipeline =
        TextToImage.open(
            engine,
            TextToImage.record(unet, CHANNELS, process.registers(), new BatchShape(n, SIDE, SIDE)),
            parameters,
            CHANNELS)) {
      latents =
          pipeline.latents(
              process, conditions, prompts, noise, Pipeline.Part.ALL, (first, k, values) -> {});
    }
    float[] steps = golden.tensor(run + ".latents_per_step");
    float[] expected = Arrays.copyOfRange(steps, steps.length - latents.length, steps.length);
    assertArrayEquals(expected, latents, LATENTS);
    SdxlParityTest.checkImages(
        golden.tensor(run + ".image_nhwc"), codec.decode(latents, n, SIDE, SIDE), n);
  }

  /** LoRAs of all formats, and each module with its own alpha in a file of kohya's. */
  @ParameterizedTest
  @CsvSource({
    "no_lora, pytorch_lora_weights, 0",
    "scale_1.0, pytorch_lora_weights, 1",
    "scale_0.5, pytorch_lora_weights, 0.5",
    "scale_1.0, attn_processor_format, 1",
    "scale_0.5, kohya_format, 1",
    "scale_1.0, kohya_format, 2",
    "kohya_mixed_alpha_honoured, mixed, 1"
  })
  void loras(String run, String file, double scale, @TempDir Path temporary) throws Exception {
    Golden golden = new Golden("lora/lora", "lora/pipeline");
    Path lora = path("../lora/" + file.replace("mixed", "kohya_format") + ".safetensors");
    if (file.equals("mixed")) {
      SequencedMap<String, HostTensor> tensors = Safetensors.read(lora);
      tensors.replaceAll((name, tensor) ->
          name.endsWith(".alpha")
              ? new HostTensor(
                  tensor.shape(),
                  new float[] {name.contains("attn2") || name.contains("_k_proj") ? 4 : 1})
              : tensor);
      lora = temporary.resolve("mixed.safetensors");
      Safetensors.write(lora, tensors, Map.of());
    }
    adapted(golden, run + ".", List.of(new Adapters.LoraFile(lora, scale)), List.of());
  }

  @Test
  void learnedWords() throws Exception {
    Golden golden = new Golden("textual_inversion/textual_inversion");
    TextToImage.Prompts prompts =
        adapted(
            golden,
            "pipeline.",
            List.of(),
            List.of(path("../textual_inversion/learned_embeds.safetensors")));
    assertArrayEquals(
        golden.tensor("pipeline.prompt_embeds"),
        prompts.texts().getFirst().get(UNet2DConditionModel.ENCODER_HIDDEN_STATES),
        2e-5f);
  }

  private static TextToImage.Prompts adapted(
      Golden golden, String run, List<Adapters.LoraFile> loras, List<Path> words) throws Exception {
    StableDiffusionModel plain = StableDiffusionModel.read(path(""), "ddim");
    StableDiffusionModel model = plain.with(Adapters.read(plain, loras, words));
    JsonNode call = golden.json().get("pipeline_call");
    TextToImage.Prompts prompts =
        prompts(model, strings(call.get("prompt")), strings(call.get("negative_prompt")), call, 1);
    int n = prompts.ofImages().length;
    UNet2DConditionModel unet = new UNet2DConditionModel(model.unet(), new Text(TOKENS, false));
    ReverseProcess process =
        ReverseProcess.fromNoise(
            Sampling.of(model.scheduler(), call.get("num_inference_steps").asInt()));
    float[] initial = golden.tensor((golden.has("initial_latents") ? "" : run) + "initial_latents");
    float[] latents;
    try (TextToImage pipeline =
        TextToImage.open(
            engine,
            TextToImage.record(unet, CHANNELS, process.registers(), new BatchShape(n, SIDE, SIDE)),
            model.unetParameters(unet.parameters().specs()),
            CHANNELS)) {
      latents =
          pipeline.latents(
              process,
              new PromptConditions(),
              prompts,
              (draw, first, out) -> System.arraycopy(initial, 0, out, 0, out.length),
              Pipeline.Part.ALL,
              (first, k, values) -> {});
    }
    float[] steps = golden.tensor(run + "latents_per_step");
    assertArrayEquals(
        Arrays.copyOfRange(steps, steps.length - latents.length, steps.length), latents, LATENTS);
    if (golden.has(run + "image_nhwc")) {
      SdxlParityTest.checkImages(
          golden.tensor(run + "image_nhwc"), codec.decode(latents, n, SIDE, SIDE), n);
    }
    return prompts;
  }

  static Stream<String> plainRuns() {
    return PLAIN.json().get("runs").propertyNames().stream();
  }

  @ParameterizedTest
  @MethodSource("plainRuns")
  void textToImage(String run) throws Exception {
    JsonNode json = PLAIN.json().get("runs").get(run);
    JsonNode kwargs = json.get("kwargs");
    Sampling sampling =
        sampling(json.get("scheduler_config"), json.get("scheduler_class").asString(), kwargs);
    float[] initial = PLAIN.tensor(run + ".initial_latents");
    float[] later = PLAIN.has(run + ".step_noises") ? PLAIN.tensor(run + ".step_noises") : null;
    SampleNoise noise =
        (draw, first, out) -> {
          // Euler's steps draw noise that they do not use.
          if (draw == SampleNoise.INITIAL || later != null) {
            System.arraycopy(
                draw == SampleNoise.INITIAL ? initial : later,
                Math.max(0, draw) * out.length,
                out,
                0,
                out.length);
          }
        };
    check(
        PLAIN,
        run,
        ReverseProcess.fromNoise(sampling),
        new PromptConditions(),
        prompts(
            strings(PLAIN.json().get("prompt")),
            strings(PLAIN.json().get("negative_prompt")),
            kwargs,
            1),
        noise,
        false);
  }

  static Stream<String> otherRuns() {
    // A sampling of PNDM that begins midway goes through every level here; diffusers cuts its list
    // of calls, takes two of them for one step and so leaves out a level.
    return OTHERS.json().get("runs").propertyNames().stream()
        .filter(run -> !run.equals("img2img.pndm_0.6"));
  }

  @ParameterizedTest
  @MethodSource("otherRuns")
  void otherPipelines(String run) throws Exception {
    JsonNode json = OTHERS.json().get("runs").get(run);
    JsonNode kwargs = json.get("kwargs");
    String scheduler = json.get("scheduler").asString();
    JsonNode arguments = json.get("scheduler_args");
    Sampling sampling =
        sampling(
            OTHERS
                .json()
                .get("scheduler_configs")
                .get(arguments.isEmpty() ? scheduler : key(scheduler, arguments)),
            scheduler,
            kwargs);
    TextToImage.Prompts prompts =
        prompts(
            strings(kwargs.get("prompt")),
            strings(kwargs.path("negative_prompt")),
            kwargs,
            kwargs.path("num_images_per_prompt").asInt(1));
    boolean nine = json.get("in_channels").asInt() == 9;
    PromptConditions conditions = new PromptConditions();
    int steps = kwargs.get("num_inference_steps").asInt();
    double strength = kwargs.path("strength").asDouble(1);
    ReverseProcess process;
    if (run.startsWith("text2img")) {
      process = ReverseProcess.fromNoise(sampling);
    } else {
      int images = kwargs.get("image").asString().endsWith("0:2") ? 2 : 1;
      float[] pixels = Arrays.copyOf(OTHERS.tensor("image"), images * 3 * PIXELS * PIXELS);
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = 2 * pixels[i] - 1;
      }
      if (run.startsWith("img2img")) {
        LatentImages encoded = codec.encode(pixels, images, PIXELS, PIXELS);
        process = new ImageToImage(sampling, steps, strength, encoded::write);
      } else {
        process =
            new LatentInpainting(
                sampling,
                steps,
                strength,
                LatentInpainting.Source.of(
                    codec, pixels, images, PIXELS, PIXELS, OTHERS.tensor("mask"), nine),
                conditions);
      }
    }
    check(OTHERS, run, process, conditions, prompts, noise(run), nine);
  }

  /** The draws of a run in their order; what was drawn for one image serves all of a batch. */
  private static SampleNoise noise(String run) {
    return (draw, first, out) -> {
      float[] drawn = OTHERS.tensor(run + ".noise" + (draw + 1));
      for (int i = 0; i < out.length; i++) {
        out[i] = drawn[i % drawn.length];
      }
    };
  }

  /** The key of a configuration, as Python prints it. */
  private static String key(String scheduler, JsonNode arguments) {
    return scheduler + " " + arguments.toString().replace(":", ": ").replace(",", ", ");
  }
}
