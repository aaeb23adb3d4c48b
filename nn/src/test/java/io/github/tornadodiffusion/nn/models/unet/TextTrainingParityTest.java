package io.github.tornadodiffusion.nn.models.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.Snapshot;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.models.clip.CLIPTextModel;
import io.github.tornadodiffusion.nn.models.clip.LearnedWordModel;
import io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Denoising;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** DreamBooth and textual inversion against the loops of diffusers 0.27.2: three steps of each. */
class TextTrainingParityTest {
  private static final int TOKENS = 16;
  private static final int SIDE = 8;
  private static final int IMAGE = 4 * SIDE * SIDE;
  private static final String ZERO_GRADIENT = "k_proj.bias";

  private static final JsonNode JSON = json("dreambooth/dreambooth");
  private static Map<String, HostTensor> inputs;
  private static TextEncoderFiles.Stored encoder;
  private static UNet2DConditionModel unet;
  private static Map<String, HostTensor> weights;

  @BeforeAll
  static void read() throws IOException {
    inputs = Safetensors.read(Golden.path("dreambooth/inputs.safetensors"));
    encoder = TextEncoderFiles.read(Golden.path("sd_tiny/text_encoder"));
    unet =
        new UNet2DConditionModel(
            UNet2DConditionConfig.read(Golden.path("sd_tiny/unet/config.json")),
            new UNet2DConditionModel.Text(TOKENS, false));
    weights = new LinkedHashMap<>(encoder.parameters());
    weights.putAll(
        Safetensors.read(Golden.path("sd_tiny/unet/diffusion_pytorch_model.safetensors")));
  }

  private static JsonNode json(String name) {
    return JsonMapper.shared().readTree(Golden.path(name + ".json").toFile());
  }

  private static int[] ints(JsonNode node) {
    return node.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static float[] rows(String name, int step, int[] rows) {
    float[] all = new float[rows.length * IMAGE];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(
          inputs.get(name).values(), (step * 4 + rows[i]) * IMAGE, all, i * IMAGE, IMAGE);
    }
    return all;
  }

  private static Map<String, float[]> values(
      int step, int[] rows, int[] timesteps, boolean velocity, float[] lossWeights) {
    int n = rows.length;
    float[] signal = new float[n];
    float[] sigma = new float[n];
    float[] targetSample = new float[n];
    float[] targetNoise = new float[n];
    for (int i = 0; i < n; i++) {
      double kept = 1;
      for (int t = 0; t <= timesteps[i]; t++) {
        double root = Math.sqrt(0.00085) + t / 999.0 * (Math.sqrt(0.012) - Math.sqrt(0.00085));
        kept *= 1 - root * root;
      }
      signal[i] = (float) Math.sqrt(kept);
      sigma[i] = (float) Math.sqrt(1 - kept);
      targetNoise[i] = velocity ? signal[i] : 1;
      targetSample[i] = velocity ? -sigma[i] : 0;
    }
    return new Denoising.Batch(
            rows("latents", step, rows),
            Input.floats(timesteps),
            null,
            signal,
            sigma,
            targetNoise,
            targetSample,
            rows("noise", step, rows),
            lossWeights,
            null)
        .values();
  }

  /** The weights of rows in the mean over them, as the script weighs them. */
  private static float[] lossWeights(JsonNode variant, int step, int n) {
    float[] all = new float[n];
    Arrays.fill(all, 1);
    JsonNode prior = variant.get("prior_loss_weight");
    JsonNode snr = variant.path("mse_loss_weights").path(step);
    int instances = prior.isNull() ? n : n / 2;
    for (int i = 0; i < instances; i++) {
      // With images of a class, diffusers gives an instance the mean of all weights.
      all[i] =
          snr.isMissingNode()
              ? 1
              : prior.isNull()
                  ? snr.get(i).floatValue()
                  : (float)
                      snr.valueStream().mapToDouble(JsonNode::asDouble).average().orElseThrow();
      all[i] *= (float) n / instances;
    }
    for (int i = instances; i < n; i++) {
      all[i] = prior.floatValue() * n / (n - instances);
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain",
        "text",
        "prior_1.0",
        "prior_0.5_text",
        "v_prediction_text",
        "prior_1.0_v",
        "snr_gamma_5",
        "snr_gamma_5_v",
        "snr_prior_batch1"
      })
  void dreamBooth(String name) throws IOException {
    JsonNode variant = JSON.get("variants").get(name);
    int[] rows = ints(variant.get("rows"));
    boolean text = variant.get("train_text_encoder").asBoolean();
    boolean velocity = variant.get("prediction_type").asString().equals("v_prediction");
    Denoising objective = new Denoising(new TextConditionedUNet(encoder.model(), unet), true);
    Trainable trainable = text ? Trainable.ALL : Trainable.named(n -> !n.startsWith("text_model."));
    Map<String, HostTensor> reference =
        Safetensors.read(Golden.path("dreambooth/" + name + ".safetensors"));
    float rate = JSON.get("learning_rate").floatValue();
    AdamW adamW = new AdamW(rate);
    BatchShape batch = new BatchShape(rows.length, SIDE, SIDE);
    try (LossGradients gradients =
            LossGradients.record(objective, batch, trainable, Set.of())
                .open(TestEngine.ENGINE, weights);
        Training training =
            Training.record(objective, batch, new Training.Options(adamW, trainable, false, false))
                .open(TestEngine.ENGINE, weights)) {
      for (int step = 0; step < 3; step++) {
        int[] all = ints(JSON.get("timesteps").get(step));
        int[] timesteps = Arrays.stream(rows).map(row -> all[row]).toArray();
        float[] lossWeights = lossWeights(variant, step, rows.length);
        Map<String, float[]> values =
            new HashMap<>(values(step, rows, timesteps, velocity, lossWeights));
        values.put(
            TextEncoder.INPUT_IDS,
            Input.floats(
                Arrays.stream(rows)
                    .flatMap(row -> Arrays.stream(ints(JSON.get("input_ids").get(row))))
                    .toArray()));
        if (step == 0) {
          gradients.run(values);
          Map<String, HostTensor> found = gradients.gradients();
          check(reference, "unet.grad", part(found, false));
          if (text) {
            check(reference, "text_encoder.grad", part(found, true));
          }
        }
        Training.StepResult result =
            training.step(
                new Training.StepInput(values, null, new OptimizerStep(adamW, step + 1, 1f, 0)));
        float[] losses = result.lossPerImage();
        double loss =
            IntStream.range(0, losses.length)
                .mapToDouble(i -> (double) losses[i] * lossWeights[i] / losses.length)
                .sum();
        double expected = variant.get("loss").get(step).asDouble();
        assertEquals(expected, loss, 1e-5 * expected);
        double norm = variant.get("grad_norm").get(step).asDouble();
        assertEquals(norm, result.gradNorm(), 1e-4 * norm);
      }
      Map<String, HostTensor> after = training.parameters();
      checkAfter(reference, "unet.after3", part(after, false), rate);
      if (text) {
        checkAfter(reference, "text_encoder.after3", part(after, true), rate);
      } else {
        encoder
            .parameters()
            .forEach((n, tensor) -> assertArrayEquals(tensor.values(), after.get(n).values(), n));
      }
    }
  }

  private static Map<String, HostTensor> part(Map<String, HostTensor> all, boolean text) {
    Map<String, HostTensor> part = new LinkedHashMap<>(all);
    part.keySet().removeIf(name -> name.startsWith("text_model.") != text);
    return part;
  }

  private static void check(
      Map<String, HostTensor> reference, String name, Map<String, HostTensor> gradients) {
    List<String> zero =
        new ArrayList<>(
            gradients.keySet().stream().filter(n -> n.endsWith(ZERO_GRADIENT)).toList());
    new Snapshot(reference, name).checkGradients(gradients, 2e-4, 1e-5, zero);
  }

  private static void checkAfter(
      Map<String, HostTensor> reference,
      String name,
      Map<String, HostTensor> parameters,
      float rate) {
    new Snapshot(reference, name)
        .checkElements(parameters, (n, l2) -> (n.endsWith(ZERO_GRADIENT) ? 6 : 0.2) * rate);
  }

  @Test
  void textualInversion() throws IOException {
    JsonNode json = json("textual_inversion/textual_inversion");
    Map<String, HostTensor> reference =
        Safetensors.read(Golden.path("textual_inversion/textual_inversion.safetensors"));
    int[] tokens = ints(json.get("token_ids"));
    LearnedWordModel taught = new LearnedWordModel((CLIPTextModel) encoder.model(), tokens.length);
    Denoising objective = new Denoising(new TextConditionedUNet(taught, unet), true);
    HostTensor table = encoder.parameters().get(CLIPTextModel.TOKEN_EMBEDDING);
    int width = table.shape()[1];
    float[] initial = new float[tokens.length * width];
    for (int i = 0; i < tokens.length; i++) {
      System.arraycopy(
          table.values(), json.get("initializer_id").asInt() * width, initial, i * width, width);
    }
    Map<String, HostTensor> all = new LinkedHashMap<>(weights);
    all.put(LearnedWordModel.VECTORS, new HostTensor(new int[] {tokens.length, width}, initial));
    int[] ids =
        json.get("input_ids").valueStream().flatMapToInt(row -> Arrays.stream(ints(row))).toArray();
    int[] rows = {0, 1};
    AdamW adamW = new AdamW(json.get("learning_rate").floatValue());
    BatchShape batch = new BatchShape(2, SIDE, SIDE);
    try (LossGradients gradients =
            LossGradients.record(objective, batch, LearnedWordModel.TRAINABLE, Set.of())
                .open(TestEngine.ENGINE, all);
        Training training =
            Training.record(
                    objective,
                    batch,
                    new Training.Options(adamW, LearnedWordModel.TRAINABLE, false, false))
                .open(TestEngine.ENGINE, all)) {
      for (int step = 0; step < 3; step++) {
        Map<String, float[]> values =
            new HashMap<>(values(step, rows, ints(json.get("timesteps").get(step)), false, null));
        values.putAll(LearnedWordModel.values(ids, tokens[0]));
        double expected = json.get("loss").get(step).asDouble();
        assertEquals(expected, gradients.run(values), 1e-5 * expected);
        assertArrayEquals(
            part(reference, "grad", step, initial.length),
            gradients.gradients().get(LearnedWordModel.VECTORS).values(),
            1e-6f);
        training.step(
            new Training.StepInput(values, null, new OptimizerStep(adamW, step + 1, 0f, 0)));
        assertArrayEquals(
            part(reference, "embedding_after_step", step, initial.length),
            training.parameters().get(LearnedWordModel.VECTORS).values(),
            1e-5f);
        gradients.loaded().writeParameters(training.parameters());
      }
    }
  }

  private static float[] part(
      Map<String, HostTensor> reference, String name, int step, int length) {
    return Arrays.copyOfRange(reference.get(name).values(), step * length, (step + 1) * length);
  }

  @Test
  void readsTokensInPlaceOfHiddenStates() {
    TextConditionedUNet both = new TextConditionedUNet(encoder.model(), unet);
    List<String> names =
        both.inputs(new BatchShape(1, SIDE, SIDE)).stream().map(input -> input.name()).toList();
    assertEquals(List.of(Model.SAMPLE, Model.TIMESTEPS, TextEncoder.INPUT_IDS), names);
  }
}
