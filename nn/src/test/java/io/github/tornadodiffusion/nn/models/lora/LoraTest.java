package io.github.tornadodiffusion.nn.models.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.Snapshot;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles;
import io.github.tornadodiffusion.nn.models.unet.TextConditionedUNet;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel.Text;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.LossWeights;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** LoRAs against peft 0.9 and diffusers 0.27.2: files, outputs, gradients, and training. */
class LoraTest {
  private static final String TEXT = "text_encoder";
  private static final float LEARNING_RATE = 0.02f;
  private static final TextEncoderFiles.Stored ENCODER = encoder();
  private static final UNet2DConditionModel UNET = unet();

  private static TextEncoderFiles.Stored encoder() {
    try {
      return TextEncoderFiles.read(Golden.path("sd_tiny/text_encoder"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static UNet2DConditionModel unet() {
    try {
      return new UNet2DConditionModel(
          UNet2DConditionConfig.read(Golden.path("sd_tiny/unet/config.json")), new Text(16, false));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Map<String, HostTensor> unetWeights() throws IOException {
    return Safetensors.read(Golden.path("sd_tiny/unet/diffusion_pytorch_model.safetensors"));
  }

  private static Lora read(String file, String part) throws IOException {
    Model model = part.equals(TEXT) ? ENCODER.model() : UNET;
    return LoraFiles.read(Golden.path("lora/" + file), part, model.parameters().specs());
  }

  private static JsonNode json(String name) {
    return JsonMapper.shared().readTree(Golden.path(name + ".json").toFile());
  }

  /** Noisy latents, timesteps, tokens and noise of one step. */
  private static Map<String, float[]> values(
      Map<String, HostTensor> inputs, JsonNode json, int step, int rows) {
    HostTensor latents = inputs.get("latents");
    int image = latents.size() / 12;
    double[] kept = new double[1000];
    double product = 1;
    for (int t = 0; t < kept.length; t++) {
      double root = Math.sqrt(0.00085) + t / 999.0 * (Math.sqrt(0.012) - Math.sqrt(0.00085));
      product *= 1 - root * root;
      kept[t] = product;
    }
    float[] sample = new float[rows * image];
    float[] noise = new float[sample.length];
    float[] timesteps = new float[rows];
    float[] ids = new float[rows * 16];
    for (int row = 0; row < rows; row++) {
      timesteps[row] = json.get("timesteps").get(step).get(row).floatValue();
      double alpha = kept[(int) timesteps[row]];
      for (int i = 0; i < image; i++) {
        int from = (step * 4 + row) * image + i;
        noise[row * image + i] = inputs.get("noise").values()[from];
        sample[row * image + i] =
            (float)
                (Math.sqrt(alpha) * latents.values()[from]
                    + Math.sqrt(1 - alpha) * noise[row * image + i]);
      }
      for (int i = 0; i < 16; i++) {
        ids[row * 16 + i] = json.get("input_ids").get(row).get(i).floatValue();
      }
    }
    Map<String, float[]> values = new HashMap<>();
    values.put(Model.SAMPLE, sample);
    values.put(Model.TIMESTEPS, timesteps);
    values.put(TextEncoder.INPUT_IDS, ids);
    values.put("target", noise);
    // With images of a class there are two means of two rows each.
    float[] weights = new float[rows];
    Arrays.fill(weights, rows / 2f);
    values.put(LossWeights.of(Objective.Losses.LOSS), weights);
    return values;
  }

  /** By the names that the saved file has. */
  private static Map<String, HostTensor> saved(Map<String, HostTensor> values) {
    Map<String, HostTensor> saved = new LinkedHashMap<>();
    values.forEach((name, value) -> {
      if (name.contains(".lora_")) {
        boolean text = name.startsWith("text_model");
        String lora = text ? ".lora_linear_layer." : ".lora.";
        saved.put(
            (text ? TEXT : LoraFiles.UNET)
                + "."
                + name.replace(".lora_A.", lora + "down.").replace(".lora_B.", lora + "up."),
            value);
      }
    });
    return saved;
  }

  private static Lora start(String file, String part, double alpha) throws IOException {
    Map<String, HostTensor> init = Safetensors.read(Golden.path("lora/" + file));
    Model model = part.equals(TEXT) ? ENCODER.model() : UNET;
    List<String> targets =
        part.equals(TEXT)
            ? List.of("q_proj", "k_proj", "v_proj", "out_proj")
            : List.of("to_q", "to_k", "to_v", "to_out.0");
    Lora zero = Lora.initial(model.parameters().specs(), targets, 4, alpha, 1);
    SequencedMap<String, Lora.Pair> pairs = new LinkedHashMap<>();
    String lora = part.equals(TEXT) ? ".lora_linear_layer" : ".lora";
    zero.pairs()
        .forEach((module, pair) ->
            pairs.put(
                module,
                new Lora.Pair(
                    init.get(part + "." + module + lora + ".down.weight"), pair.up(), alpha)));
    return new Lora(pairs);
  }

  @ParameterizedTest
  @CsvSource({"unet, 4, 2, false", "unet_alpha, 8, 2, false", "unet_text, 4, 4, true"})
  void threeStepsOfTraining(String variant, double alpha, int rows, boolean text)
      throws IOException {
    String init = (text ? "unet_text" : "unet") + ".init.safetensors";
    Lora ofUNet = start(init, LoraFiles.UNET, alpha);
    LoraModel unet = new LoraModel(UNET, "", ofUNet, 1);
    Map<String, HostTensor> weights = new LinkedHashMap<>(ENCODER.parameters());
    weights.putAll(unet.with(unetWeights(), ofUNet));
    Model encoder = ENCODER.model();
    if (text) {
      Lora ofText = start(init, TEXT, alpha);
      LoraModel adapted = new LoraModel(encoder, "", ofText, 1);
      weights.putAll(adapted.with(ENCODER.parameters(), ofText));
      encoder = adapted;
    }
    Objective objective =
        Objective.meanSquaredError(new TextConditionedUNet(encoder, unet), Model.SAMPLE);
    JsonNode of = json("lora/lora").get("variants").get(variant);
    Map<String, HostTensor> inputs = Safetensors.read(Golden.path("dreambooth/inputs.safetensors"));
    Map<String, HostTensor> reference =
        Safetensors.read(Golden.path("lora/" + variant + ".safetensors"));
    BatchShape batch = new BatchShape(rows, 8, 8);
    AdamW adamW = new AdamW(LEARNING_RATE);
    try (LossGradients gradients =
            LossGradients.record(objective, batch, LoraModel.TRAINABLE, Set.of())
                .open(TestEngine.ENGINE, weights);
        Training training =
            Training.record(
                    objective,
                    batch,
                    new Training.Options(adamW, LoraModel.TRAINABLE, false, false))
                .open(TestEngine.ENGINE, weights)) {
      for (int step = 1; step <= 3; step++) {
        Map<String, float[]> values = values(inputs, json("dreambooth/dreambooth"), step - 1, rows);
        double expected = of.get("loss").get(step - 1).asDouble();
        assertEquals(expected, gradients.run(values) * rows / 2, 1e-5 * expected);
        Map<String, HostTensor> actual = saved(gradients.gradients());
        // B is zero at first, so that A has no gradient.
        List<String> nearZero =
            step > 1
                ? List.of()
                : actual.keySet().stream().filter(n -> n.endsWith(".down.weight")).toList();
        new Snapshot(reference, "grad" + step)
            .checkGradients(actual, step == 1 ? 2e-4 : 1e-2, step == 1 ? 1e-5 : 1e-3, nearZero);
        double norm =
            training
                .step(new Training.StepInput(values, null, new OptimizerStep(adamW, step, 1f, 0)))
                .gradNorm();
        assertEquals(of.get("grad_norm").get(step - 1).asDouble(), norm, 1e-4 * norm);
        gradients.loaded().writeParameters(training.parameters());
      }
      new Snapshot(reference, "after3")
          .checkElements(saved(training.parameters()), (name, l2) -> 0.2 * LEARNING_RATE);
      Map<String, HostTensor> base = training.parameters();
      unetWeights()
          .forEach(
              (name, tensor) -> assertArrayEquals(tensor.values(), base.get(name).values(), name));
    }
  }

  private static Map<String, float[]> read(Lora lora) {
    Map<String, float[]> values = new LinkedHashMap<>();
    lora.pairs()
        .forEach((module, pair) -> {
          values.put(module + " down", pair.down().values());
          values.put(module + " up", pair.up().values());
        });
    return values;
  }

  @ParameterizedTest
  @ValueSource(strings = {"unet", "text_encoder"})
  void allFormatsHoldTheSame(String part, @TempDir Path directory) throws IOException {
    Lora diffusers = read(LoraFiles.WEIGHTS, part);
    assertEquals(part.equals(TEXT) ? 12 : 32, diffusers.pairs().size());
    for (String file : List.of("attn_processor_format.safetensors", "kohya_format.safetensors")) {
      Lora other = read(file, part);
      Map<String, float[]> values = read(other);
      assertEquals(read(diffusers).keySet(), values.keySet());
      read(diffusers).forEach((name, expected) -> assertArrayEquals(expected, values.get(name)));
      double alpha = file.startsWith("kohya") ? 2 : 4;
      other.pairs().forEach((module, pair) -> assertEquals(alpha, pair.alpha(), module));
    }
    SequencedMap<String, Lora> parts = new LinkedHashMap<>();
    parts.put(TEXT, read(LoraFiles.WEIGHTS, TEXT));
    parts.put(LoraFiles.UNET, read(LoraFiles.WEIGHTS, LoraFiles.UNET));
    Path written = directory.resolve(LoraFiles.WEIGHTS);
    LoraFiles.write(written, parts);
    Map<String, HostTensor> golden = Safetensors.read(Golden.path("lora/" + LoraFiles.WEIGHTS));
    Map<String, HostTensor> ours = Safetensors.read(written);
    assertEquals(golden.keySet(), ours.keySet());
    golden.forEach(
        (name, tensor) -> assertArrayEquals(tensor.values(), ours.get(name).values(), name));
  }

  /** Two at once with scales of their own, beside the layers and fused. */
  @Test
  void fusedIsTheSame() throws IOException {
    Model model = ENCODER.model();
    Lora first = read(LoraFiles.WEIGHTS, TEXT);
    Lora second = read("kohya_format.safetensors", TEXT);
    LoraModel one = new LoraModel(model, "first", first, 0.5);
    LoraModel two = new LoraModel(one, "second", second, -0.8);
    Map<String, float[]> ids =
        Map.of(
            TextEncoder.INPUT_IDS,
            values(
                    Safetensors.read(Golden.path("dreambooth/inputs.safetensors")),
                    json("dreambooth/dreambooth"),
                    0,
                    2)
                .get(TextEncoder.INPUT_IDS));
    BatchShape batch = BatchShape.of(2);
    Map<String, HostTensor> beside = two.with(one.with(ENCODER.parameters(), first), second);
    Map<String, HostTensor> fused = second.fuse(first.fuse(ENCODER.parameters(), 0.5), -0.8);
    try (Inference a = Inference.record(two, batch).open(TestEngine.ENGINE, beside);
        Inference b = Inference.record(model, batch).open(TestEngine.ENGINE, fused);
        Inference plain =
            Inference.record(model, batch).open(TestEngine.ENGINE, ENCODER.parameters())) {
      float[] adapted = a.predict(ids);
      Errors.check("fused", b.predict(ids), adapted, 2e-5);
      float[] without = plain.predict(ids);
      double change = 0;
      for (int i = 0; i < without.length; i++) {
        change = Math.max(change, Math.abs(without[i] - adapted[i]));
      }
      assertTrue(change > 0.05, "change " + change);
    }
    Lora again = two.of(beside, second);
    read(second).forEach((name, values) -> assertArrayEquals(values, read(again).get(name)));
  }

  @Test
  void whatDoesNotFitIsNamed(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("lora.safetensors");
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    HostTensor two = new HostTensor(new int[] {1, 2}, new float[2]);
    Map<String, String> messages = new LinkedHashMap<>();
    messages.put("unet.nowhere.to_q.lora.down.weight", "does not have");
    messages.put("something.else", "no name of a LoRA");
    messages.put(
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora.down.weight",
        "one of its two matrices");
    for (Map.Entry<String, String> each : messages.entrySet()) {
      tensors.clear();
      tensors.put(each.getKey(), two);
      Safetensors.write(file, tensors, Map.of());
      IOException e =
          assertThrows(
              IOException.class,
              () -> LoraFiles.read(file, LoraFiles.UNET, UNET.parameters().specs()));
      assertTrue(e.getMessage().contains(each.getValue()), e.getMessage());
      String layer = each.getKey().replace(".lora.down.weight", "").replace("unet.", "");
      assertTrue(e.getMessage().contains(layer), e.getMessage());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> Lora.initial(UNET.parameters().specs(), List.of("q_proj"), 4, 4, 1));
    Lora ofConvolution = Lora.initial(UNET.parameters().specs(), List.of("conv_in"), 4, 4, 1);
    assertThrows(IllegalArgumentException.class, () -> new LoraModel(UNET, "", ofConvolution, 1));
  }
}
