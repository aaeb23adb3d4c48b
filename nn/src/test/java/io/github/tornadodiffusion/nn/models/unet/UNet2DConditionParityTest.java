package io.github.tornadodiffusion.nn.models.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.FormulaWeights;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.GoldenModel;
import io.github.tornadodiffusion.nn.Snapshot;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel.Text;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** UNets that read texts against diffusers 0.27.2: output, loss and gradients. */
class UNet2DConditionParityTest {
  private static final double OUTPUT = 2e-5;
  private static final double GRADIENT = 2e-4;
  private static final String OPTIONS = "unet_condition/unet_options.json";

  private static JsonNode json(String name) {
    return JsonMapper.shared().readTree(Golden.path(name).toFile());
  }

  static Stream<String> options() {
    return json(OPTIONS).get("cases").propertyNames().stream();
  }

  @ParameterizedTest
  @MethodSource("options")
  void option(String name) throws IOException {
    JsonNode json = json(OPTIONS).get("cases").get(name);
    Map<String, HostTensor> io = Safetensors.read(Golden.path("unet_condition/io.safetensors"));
    UNet2DConditionConfig config =
        UNet2DConditionConfig.of(JsonFields.parse(json.get("config").toString()));
    HostTensor sample = io.get(name + ".sample");
    HostTensor states = io.get(name + ".encoder_hidden_states");
    Map<String, float[]> values = new HashMap<>();
    values.put(Model.SAMPLE, sample.values());
    values.put(Model.TIMESTEPS, GoldenModel.floats(json.get("timestep")));
    values.put(UNet2DConditionModel.ENCODER_HIDDEN_STATES, states.values());
    for (String vector : List.of(Model.CLASS_LABELS, "text_embeds", "timestep_cond")) {
      if (io.containsKey(name + "." + vector)) {
        values.put(vector, io.get(name + "." + vector).values());
      }
    }
    for (String numbers : List.of(Model.CLASS_LABELS, "time_ids", "encoder_attention_mask")) {
      if (json.has(numbers)) {
        values.put(numbers, numbers(json.get(numbers)));
      }
    }
    Text text = new Text(states.shape()[1], json.has("encoder_attention_mask"));
    UNet2DConditionModel model = new UNet2DConditionModel(config, text);
    assertEquals(json.get("n_params").asLong(), model.parameters().count());
    HostTensor output = io.get(name + ".output");
    values.put("target", new float[output.size()]);
    List<String> nearZero = new ArrayList<>();
    JsonNode floor = json.get("fp32_vs_fp64").get("grad");
    floor.get("near_zero").forEach(n -> nearZero.add(n.asString()));
    // The reference itself is this far from double precision.
    double overall = Math.max(1e-5, 3 * floor.get("overall_rel_l2").asDouble());
    int[] shape = sample.shape();
    BatchShape batch = new BatchShape(shape[0], shape[2], shape[3]);
    try (LossGradients gradients =
        LossGradients.record(Objective.meanSquaredError(model, Model.SAMPLE), batch)
            .open(TestEngine.ENGINE, FormulaWeights.of(model.parameters()))) {
      double loss = gradients.run(values);
      Errors.check("output", gradients.images(Model.SAMPLE), output.values(), OUTPUT);
      double expected = json.get("loss").asDouble();
      assertEquals(expected, loss, 1e-5 * expected);
      new Snapshot(io, name + ".grad")
          .checkGradients(gradients.gradients(), GRADIENT, overall, nearZero);
    }
  }

  /** All numbers of lists of lists. */
  private static float[] numbers(JsonNode lists) {
    List<Float> all = new ArrayList<>();
    lists.forEach(list -> {
      if (list.isNumber()) {
        all.add(list.floatValue());
      } else {
        list.forEach(number -> all.add(number.floatValue()));
      }
    });
    float[] values = new float[all.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = all.get(i);
    }
    return values;
  }

  @ParameterizedTest
  @ValueSource(strings = {"sd_tiny/unet", "unet_condition/linear_proj"})
  void storedModel(String directory) throws IOException {
    JsonNode json = json(directory + "/io.json");
    Map<String, HostTensor> io = Safetensors.read(Golden.path(directory + "/io.safetensors"));
    Map<String, HostTensor> weights =
        Safetensors.read(Golden.path(directory + "/diffusion_pytorch_model.safetensors"));
    UNet2DConditionConfig config =
        UNet2DConditionConfig.read(Golden.path(directory + "/config.json"));
    Map<String, float[]> values = new HashMap<>();
    values.put(Model.SAMPLE, io.get("sample").values());
    values.put(Model.TIMESTEPS, GoldenModel.floats(json.get("timesteps")));
    values.put(
        UNet2DConditionModel.ENCODER_HIDDEN_STATES, io.get("encoder_hidden_states").values());
    BatchShape batch = new BatchShape(2, 8, 8);
    UNet2DConditionModel masked = new UNet2DConditionModel(config, new Text(16, true));
    values.put("encoder_attention_mask", io.get("encoder_attention_mask").values());
    try (Inference inference = Inference.record(masked, batch).open(TestEngine.ENGINE, weights)) {
      Errors.check(
          "masked output",
          inference.predict(values),
          io.get("output_with_encoder_attention_mask").values(),
          OUTPUT);
    }
    values.remove("encoder_attention_mask");
    values.put("target", io.get("target").values());
    UNet2DConditionModel model = new UNet2DConditionModel(config, new Text(16, false));
    try (LossGradients gradients =
        LossGradients.record(Objective.meanSquaredError(model, Model.SAMPLE), batch)
            .open(TestEngine.ENGINE, weights)) {
      double loss = gradients.run(values);
      Errors.check("output", gradients.images(Model.SAMPLE), io.get("output").values(), OUTPUT);
      double expected = json.get("loss").asDouble();
      assertEquals(expected, loss, 1e-5 * expected);
      JsonNode statistics = json.get("grad_stats");
      gradients
          .gradients()
          .forEach((name, gradient) -> {
            double squares = 0;
            for (float g : gradient.values()) {
              squares += (double) g * g;
            }
            double l2 = statistics.get(name).get("l2").asDouble();
            assertEquals(l2, Math.sqrt(squares), GRADIENT * l2 + 1e-7, name);
          });
    }
  }

  @Test
  void stepOfSdxl() throws IOException {
    JsonNode json = json("sdxl_tiny/pipeline.json").get("train");
    Map<String, HostTensor> io = Safetensors.read(Golden.path("sdxl_tiny/pipeline.safetensors"));
    UNet2DConditionConfig config =
        UNet2DConditionConfig.read(Golden.path("sdxl_tiny/unet/config.json"));
    UNet2DConditionModel model = new UNet2DConditionModel(config, new Text(16, false));
    float[] noise = io.get("train.noise").values();
    float[] latents = io.get("train.latents").values();
    JsonNode timesteps = json.get("timesteps");
    Map<String, float[]> values = new HashMap<>();
    values.put(Model.SAMPLE, noisy(latents, noise, GoldenModel.ints(timesteps)));
    values.put(Model.TIMESTEPS, GoldenModel.floats(timesteps));
    values.put(
        UNet2DConditionModel.ENCODER_HIDDEN_STATES, io.get("train.encoder_hidden_states").values());
    values.put(UNet2DConditionModel.TEXT_EMBEDS, io.get("train.text_embeds").values());
    values.put(UNet2DConditionModel.TIME_IDS, numbers(json.get("time_ids")));
    values.put("target", noise);
    try (LossGradients gradients =
        LossGradients.record(
                Objective.meanSquaredError(model, Model.SAMPLE), new BatchShape(2, 8, 8))
            .open(
                TestEngine.ENGINE,
                Safetensors.read(
                    Golden.path("sdxl_tiny/unet/diffusion_pytorch_model.safetensors")))) {
      double loss = gradients.run(values);
      Errors.check(
          "output", gradients.images(Model.SAMPLE), io.get("train.output").values(), OUTPUT);
      double expected = json.get("loss").asDouble();
      assertEquals(expected, loss, 1e-5 * expected);
      new Snapshot(io, "train.grad")
          .checkGradients(gradients.gradients(), GRADIENT, 1e-5, List.of());
    }
  }

  /** Images with the noise of scaled-linear betas from 0.00085 to 0.012. */
  private static float[] noisy(float[] images, float[] noise, int[] timesteps) {
    float[] noisy = new float[images.length];
    int length = images.length / timesteps.length;
    for (int i = 0; i < images.length; i++) {
      double kept = 1;
      for (int t = 0; t <= timesteps[i / length]; t++) {
        double root = Math.sqrt(0.00085) + (Math.sqrt(0.012) - Math.sqrt(0.00085)) * t / 999;
        kept *= 1 - root * root;
      }
      noisy[i] = (float) (Math.sqrt(kept) * images[i] + Math.sqrt(1 - kept) * noise[i]);
    }
    return noisy;
  }
}
