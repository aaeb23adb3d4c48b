package io.github.tornadodiffusion.nn.models.autoencoder;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.FormulaWeights;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.Snapshot;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.LossWeights;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The autoencoder against diffusers 0.27.2: distributions, images, losses, gradients, updates. */
class AutoencoderParityTest {
  private static final double OUTPUT = 2e-5;
  private static final List<String> NEAR_ZERO =
      List.of(
          "decoder.mid_block.attentions.0.to_k.bias", "encoder.mid_block.attentions.0.to_k.bias");

  private static AutoencoderKLConfig config() throws IOException {
    return AutoencoderKLConfig.read(Golden.path("sd_tiny/vae/config.json"));
  }

  private static SequencedMap<String, HostTensor> weights() throws IOException {
    return Safetensors.read(Golden.path("sd_tiny/vae/diffusion_pytorch_model.safetensors"));
  }

  private static Map<String, HostTensor> part(AutoencoderKL half, Map<String, HostTensor> all) {
    return half.parameters().of(all);
  }

  private static void check(
      String what, float[] actual, Map<String, HostTensor> io, String expected) {
    Errors.check(what, actual, io.get(expected).values(), OUTPUT);
  }

  @Test
  void encodesDrawsAndDecodes() throws IOException {
    Map<String, HostTensor> io = Safetensors.read(Golden.path("sd_tiny/vae/io.safetensors"));
    JsonNode json = JsonMapper.shared().readTree(Golden.path("sd_tiny/vae/io.json").toFile());
    AutoencoderKL model = new AutoencoderKL(config());
    Map<String, float[]> values = new HashMap<>();
    values.put(AutoencoderKL.IMAGES, io.get("input").values());
    values.put(AutoencoderKL.NOISE, io.get("posterior_noise").values());
    values.put(LossWeights.of(Reconstruction.DIVERGENCE), new float[] {0.01f, 0.01f});
    try (LossGradients gradients =
        LossGradients.record(new Reconstruction(model), new BatchShape(2, 16, 16))
            .open(TestEngine.ENGINE, weights())) {
      double error = gradients.run(values);
      check("mean", gradients.images(AutoencoderKL.MEAN), io, "mean");
      check("logvar", gradients.images(AutoencoderKL.LOGVAR), io, "logvar");
      check("decoded", gradients.images(AutoencoderKL.RECONSTRUCTION), io, "decoded_of_sample");
      float[] divergence = gradients.losses(Reconstruction.DIVERGENCE);
      Errors.check("divergence", divergence, io.get("kl").values(), 2e-5);
      double loss = error + 0.01 * (divergence[0] + divergence[1]) / 2;
      assertEquals(json.get("loss").asDouble(), loss, 1e-5 * loss);
      JsonNode statistics = json.get("grad_stats");
      gradients
          .gradients()
          .forEach((name, gradient) -> {
            double squares = 0;
            for (float g : gradient.values()) {
              squares += (double) g * g;
            }
            double l2 = statistics.get(name).get("l2").asDouble();
            assertEquals(l2, Math.sqrt(squares), 2e-4 * l2 + 1e-7, name);
          });
    }
    AutoencoderKL decoder = AutoencoderKL.decoder(config());
    try (Inference decode =
        Inference.record(decoder, new BatchShape(2, 8, 8))
            .open(TestEngine.ENGINE, part(decoder, weights()))) {
      float[] ofMode = decode.predict(Map.of(AutoencoderKL.LATENTS, io.get("mean").values()));
      check("reconstruction of the mode", ofMode, io, "reconstruction_of_mode");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"size24x10", "size18x14", "three_levels", "latent16_act_gelu"})
  void encodesAndDecodesOtherShapes(String name) throws IOException {
    Map<String, HostTensor> io =
        Safetensors.read(Golden.path("vae_training/vae_training.safetensors"));
    JsonNode json =
        JsonMapper.shared().readTree(Golden.path("vae_training/vae_training.json").toFile());
    JsonNode own = json.get("sizes").path(name).path("config");
    AutoencoderKLConfig config =
        own.isMissingNode() ? config() : AutoencoderKLConfig.of(JsonFields.parse(own.toString()));
    Map<String, HostTensor> weights =
        own.isMissingNode() ? weights() : FormulaWeights.of(new AutoencoderKL(config).parameters());
    int[] image = io.get(name + ".image").shape();
    AutoencoderKL encoder = AutoencoderKL.encoder(config);
    try (Inference encode =
        Inference.record(encoder, new BatchShape(1, image[2], image[3]))
            .open(TestEngine.ENGINE, part(encoder, weights))) {
      encode.predict(Map.of(AutoencoderKL.IMAGES, io.get(name + ".image").values()));
      check("mean", encode.images(AutoencoderKL.MEAN), io, name + ".mean");
      check("logvar", encode.images(AutoencoderKL.LOGVAR), io, name + ".logvar");
    }
    int[] latents = io.get(name + ".mean").shape();
    AutoencoderKL decoder = AutoencoderKL.decoder(config);
    try (Inference decode =
        Inference.record(decoder, new BatchShape(1, latents[2], latents[3]))
            .open(TestEngine.ENGINE, part(decoder, weights))) {
      float[] mean = io.get(name + ".mean").values();
      check(
          "decoded",
          decode.predict(Map.of(AutoencoderKL.LATENTS, mean)),
          io,
          name + ".decoded_mean");
    }
  }

  @Test
  void trains() throws IOException {
    Map<String, HostTensor> io =
        Safetensors.read(Golden.path("vae_training/vae_training.safetensors"));
    JsonNode json =
        JsonMapper.shared().readTree(Golden.path("vae_training/vae_training.json").toFile());
    float lr = json.get("learning_rate").floatValue();
    float klWeight = json.get("kl_weight").floatValue();
    AutoencoderKL model = new AutoencoderKL(config());
    BatchShape batch = new BatchShape(2, 16, 16);
    try (LossGradients gradients =
        LossGradients.record(new Reconstruction(model), batch).open(TestEngine.ENGINE, weights())) {
      gradients.run(values(io, 0, klWeight));
      check("images", gradients.images(AutoencoderKL.RECONSTRUCTION), io, "step1.reconstruction");
      new Snapshot(io, "grad").checkGradients(gradients.gradients(), 2e-4, 1e-5, NEAR_ZERO);
    }
    try (Training training =
        Training.record(new Reconstruction(model), batch, new AdamW(lr))
            .open(TestEngine.ENGINE, weights())) {
      for (int step = 1; step <= 3; step++) {
        OptimizerStep update = new OptimizerStep(new AdamW(lr), step);
        Map<String, float[]> losses =
            training
                .step(new Training.StepInput(values(io, step - 1, klWeight), null, update))
                .losses();
        double error = mean(losses.get(Reconstruction.ERROR));
        double divergence = mean(losses.get(Reconstruction.DIVERGENCE));
        checkLoss(json.get("mse").get(step - 1), error);
        checkLoss(json.get("kl").get(step - 1), divergence);
        checkLoss(json.get("loss").get(step - 1), error + klWeight * divergence);
        if (step != 2) {
          new Snapshot(io, "after" + step)
              .checkElements(
                  training.parameters(),
                  (name, norm) -> NEAR_ZERO.contains(name) ? 6 * lr : 0.2 * lr);
        }
      }
    }
  }

  private static void checkLoss(JsonNode expected, double actual) {
    assertEquals(expected.asDouble(), actual, 1e-5 * expected.asDouble());
  }

  private static double mean(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).average().orElseThrow();
  }

  private static Map<String, float[]> values(Map<String, HostTensor> io, int step, float klWeight) {
    return Map.of(
        AutoencoderKL.IMAGES,
        step(io.get("images"), step),
        AutoencoderKL.NOISE,
        step(io.get("posterior_noise"), step),
        LossWeights.of(Reconstruction.DIVERGENCE),
        new float[] {klWeight, klWeight});
  }

  private static float[] step(HostTensor all, int step) {
    int length = all.size() / all.shape()[0];
    return Arrays.copyOfRange(all.values(), step * length, (step + 1) * length);
  }
}
