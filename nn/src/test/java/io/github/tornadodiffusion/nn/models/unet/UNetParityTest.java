package io.github.tornadodiffusion.nn.models.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.GoldenModel;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.training.TorchGenerator;
import io.github.tornadodiffusion.nn.training.TorchInitialisation;
import java.io.IOException;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whole UNets against diffusers 0.27.2: output, loss and gradients. */
class UNetParityTest {
  private static final Engine ENGINE = TestEngine.ENGINE;
  private static final String TINY = "tiny_ddpm_pipeline";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "scale_shift",
        "resnet_updown",
        "class_labels",
        "ddpm_original",
        "grey_center_rect"
      })
  void variant(String name) throws IOException {
    String directory = "unet_variants/" + name;
    JsonNode json = JsonMapper.shared().readTree(Golden.path(directory + "/io.json").toFile());
    Map<String, HostTensor> io = Safetensors.read(Golden.path(directory + "/io.safetensors"));
    ModelFiles.UNet unet = GoldenModel.read(directory);
    assertEquals(
        json.get("n_parameters").asLong(), new UNet2DModel(unet.config()).parameters().count());
    int[] shape = io.get("input").shape();
    try (LossGradients gradients =
            UNets.gradients(
                ENGINE, unet.config(), unet.parameters(), shape[0], shape[2], shape[3]);
        Inference inference =
            UNets.inference(
                ENGINE, unet.config(), unet.parameters(), shape[0], shape[2], shape[3])) {
      float[] input = io.get("input").values();
      float[] timesteps = GoldenModel.floats(json.get("timesteps"));
      int[] labels = GoldenModel.ints(json.get("class_labels"));
      Map<String, float[]> values = UNetInputs.of(input, timesteps, labels).values();
      double loss = gradients.run(UNets.withTarget(values, io.get("target").values()));
      float[] output = gradients.images(Model.SAMPLE);
      Errors.check("output", output, io.get("output").values(), 2e-6);
      Errors.check("inference", inference.predict(values), output, 0);
      assertEquals(json.get("loss").asDouble(), loss, 5e-7);
      gradients.gradients().forEach((n, g) -> checkStatistics(n, g, json.get("grad_stats").get(n)));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mish_learned_time", "gelu_fourier_classes", "relu_class_vectors", "ncsnpp"})
  void option(String name) throws IOException {
    String directory = "unet_options/" + name;
    JsonNode json = JsonMapper.shared().readTree(Golden.path(directory + "/io.json").toFile());
    Map<String, HostTensor> io = Safetensors.read(Golden.path(directory + "/io.safetensors"));
    UNet2DConfig config = UNet2DConfig.read(Golden.path(directory + "/config.json"));
    UNet2DModel model = new UNet2DModel(config);
    assertEquals(json.get("n_parameters").asLong(), model.parameters().count());
    Map<String, HostTensor> parameters =
        name.equals("ncsnpp")
            ? TorchInitialisation.of(
                model.parameters().specs(),
                model.constructionOrder(),
                new TorchGenerator(json.get("seed").asLong()))
            : GoldenModel.read(directory).parameters();
    int[] shape = io.get("input").shape();
    UNetInputs inputs =
        new UNetInputs(
            io.get("input").values(),
            GoldenModel.floats(json.get("timesteps")),
            config.conditioned() ? io.get("class_labels").values() : null);
    try (LossGradients gradients =
            UNets.gradients(ENGINE, config, parameters, shape[0], shape[2], shape[3]);
        Inference inference =
            UNets.inference(ENGINE, config, parameters, shape[0], shape[2], shape[3])) {
      double loss = gradients.run(UNets.withTarget(inputs.values(), io.get("target").values()));
      float[] output = gradients.images(Model.SAMPLE);
      double error = json.get("output_fp32_vs_fp64").asDouble();
      Errors.check("output", output, io.get("output").values(), 4 * error);
      Errors.check("inference", inference.predict(inputs.values()), output, 0);
      assertEquals(json.get("loss").asDouble(), loss, 5e-7);
      float[] gradInput = io.get("grad_input").values();
      Errors.check(
          "input gradient",
          gradients.inputGradient(Model.SAMPLE),
          gradInput,
          5e-6 * Errors.magnitude(gradInput));
      JsonNode statistics = json.get("grad_stats");
      gradients
          .gradients()
          .forEach((parameter, gradient) -> {
            if (statistics.has(parameter)) {
              checkStatistics(parameter, gradient, statistics.get(parameter));
            } else {
              assertEquals("time_proj.weight", parameter, "has no reference");
              assertArrayEquals(new float[gradient.size()], gradient.values());
            }
          });
    }
  }

  /** Sum and l2 norm, which the reference gives for every parameter. */
  private static void checkStatistics(String name, HostTensor gradient, JsonNode expected) {
    double sum = 0;
    double squares = 0;
    for (float g : gradient.values()) {
      sum += g;
      squares += (double) g * g;
    }
    double l2 = expected.get("l2").asDouble();
    // Rounding errors of one sign add up where the elements have one. Emulated CUDA C rounds
    // products before it adds them.
    double rounding = ENGINE.device().startsWith("cuda") ? 3e-7 : 2e-7;
    double most = rounding * Math.sqrt(gradient.size()) * l2;
    assertEquals(expected.get("sum").asDouble(), sum, 5e-6 * l2 + most + 2e-7, name);
    assertEquals(l2, Math.sqrt(squares), 5e-6 * l2 + 1e-7, name);
  }

  @Test
  void tinyOutputLossAndGradients() throws IOException {
    JsonNode json = JsonMapper.shared().readTree(Golden.path(TINY + ".json").toFile());
    JsonNode errors = json.get("fp32_vs_fp64_maxabsdiff");
    SequencedMap<String, HostTensor> io = Safetensors.read(Golden.path(TINY + ".io.safetensors"));
    SequencedMap<String, HostTensor> expected =
        Safetensors.read(Golden.path(TINY + ".grads.safetensors"));
    ModelFiles.UNet unet = GoldenModel.read(TINY + "/unet");
    try (LossGradients gradients =
        UNets.gradients(ENGINE, unet.config(), unet.parameters(), 2, 16, 16)) {
      float[] input = io.get("input").values();
      float[] target = io.get("target").values();
      float[] timesteps = GoldenModel.floats(json.get("timesteps"));
      double loss =
          gradients.run(UNets.withTarget(UNetInputs.of(input, timesteps, null).values(), target));
      double outputError = errors.get("output").asDouble();
      Errors.check(
          "output", gradients.images(Model.SAMPLE), io.get("output").values(), 3 * outputError);
      assertEquals(json.get("loss_fp64").asDouble(), loss, 2e-7);
      Errors.check(
          "input gradient",
          gradients.inputGradient(Model.SAMPLE),
          io.get("grad_input").values(),
          3 * errors.get("grad_input").asDouble());
      gradients
          .gradients()
          .forEach((name, gradient) -> {
            JsonNode error = errors.get("grads").get(name);
            double floor = 1e-6 * error.get(1).asDouble() + 1e-9;
            Errors.check(
                name,
                gradient.values(),
                expected.get(name).values(),
                3 * error.get(0).asDouble() + floor);
          });
      float t = json.get("scalar_timestep").floatValue();
      gradients.run(
          UNets.withTarget(UNetInputs.of(input, new float[] {t, t}, null).values(), target));
      Errors.check(
          "scalar timestep",
          gradients.images(Model.SAMPLE),
          io.get("output_scalar_timestep").values(),
          3 * outputError);
    }
  }
}
