package io.github.tornadodiffusion.nn.models.clip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.FormulaWeights;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.Snapshot;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.MeanSquaredErrorOperation;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** CLIP's text encoders against transformers 4.40: hidden states, pooled texts, gradients. */
class CLIPTextModelTest {
  private static final double OUTPUT = 2e-5;
  private static final String OPTIONS = "text_encoder_options/text_encoder_options";

  private static JsonNode json(String name) {
    return JsonMapper.shared().readTree(Golden.path(name + ".json").toFile());
  }

  private static float[] flat(JsonNode rows) {
    List<Float> all = new ArrayList<>();
    rows.forEach(row -> row.forEach(number -> all.add(number.floatValue())));
    float[] values = new float[all.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = all.get(i);
    }
    return values;
  }

  private static CLIPTextModel read(String directory, CLIPTextModel.Options options)
      throws IOException {
    return ((CLIPTextModel) TextEncoderFiles.read(Golden.path(directory)).model()).with(options);
  }

  @Test
  void storedModelWithAndWithoutMask() throws IOException {
    String directory = "sd_tiny/text_encoder";
    JsonNode json = json(directory + "/io");
    Map<String, HostTensor> io = Safetensors.read(Golden.path(directory + "/io.safetensors"));
    Map<String, HostTensor> weights = TextEncoderFiles.read(Golden.path(directory)).parameters();
    Map<String, float[]> values = new HashMap<>();
    values.put(TextEncoder.INPUT_IDS, flat(json.get("input_ids")));
    BatchShape batch = BatchShape.of(3);
    CLIPTextModel plain = read(directory, CLIPTextModel.Options.DEFAULT);
    try (Inference inference = Inference.record(plain, batch).open(TestEngine.ENGINE, weights)) {
      var _ = inference.predict(values);
      for (String state :
          List.of(TextEncoder.LAST_HIDDEN_STATE, "hidden_states.0", "hidden_states.3")) {
        Errors.check(state, inference.hiddenStates(state), io.get(state).values(), OUTPUT);
      }
      Errors.check(
          "pooled",
          inference.images(CLIPTextModel.POOLER_OUTPUT),
          io.get("pooler_output").values(),
          OUTPUT);
    }
    CLIPTextModel masked = read(directory, new CLIPTextModel.Options(true, 0));
    values.put(CLIPTextModel.ATTENTION_MASK, flat(json.get("attention_mask")));
    try (Inference inference = Inference.record(masked, batch).open(TestEngine.ENGINE, weights)) {
      var _ = inference.predict(values);
      Errors.check(
          "masked",
          inference.hiddenStates(TextEncoder.LAST_HIDDEN_STATE),
          io.get("last_hidden_state_with_attention_mask").values(),
          OUTPUT);
    }
  }

  /** The sum of the mean squares of the last hidden states and of the pooled text. */
  private static Tensor loss(Graph graph, Map<String, Tensor> outputs, String pooled) {
    Tensor sum = null;
    for (String name : List.of(TextEncoder.LAST_HIDDEN_STATE, pooled)) {
      Tensor output = outputs.get(name);
      Tensor zeros = graph.input(Input.imagesLike("zeros of " + name, output));
      Tensor square = MeanSquaredErrorOperation.record(graph, name, output, zeros);
      sum = sum == null ? square : AddOperation.record(graph, "sum", sum, square);
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "clip_l_like",
        "openclip_h_like",
        "openclip_bigg_like",
        "eos_by_id",
        "eos_id_inside"
      })
  void options(String name) throws IOException {
    JsonNode all = json(OPTIONS);
    JsonNode of = all.get("cases").get(name);
    Map<String, HostTensor> io =
        Safetensors.read(Golden.path("text_encoder_options/io.safetensors"));
    Map<String, Object> fields = new HashMap<>();
    fields.put(TextEncoder.ARCHITECTURES, List.of(of.get("class").asString()));
    fields.put("vocab_size", 644);
    fields.put("max_position_embeddings", 16);
    JsonFields config = JsonFields.parse(of.get("config").toString()).with(fields);
    CLIPTextModel model =
        ((CLIPTextModel) TextEncoderFiles.model(config)).with(new CLIPTextModel.Options(false, 1));
    String pooled =
        model instanceof CLIPTextModelWithProjection
            ? CLIPTextModelWithProjection.TEXT_EMBEDS
            : CLIPTextModel.POOLER_OUTPUT;
    List<String> nearZero = new ArrayList<>();
    JsonNode floor = of.get("fp32_vs_fp64").get("grad");
    floor.get("near_zero").forEach(n -> nearZero.add(n.asString()));
    Map<String, float[]> values = new HashMap<>();
    values.put(TextEncoder.INPUT_IDS, flat(all.get("input_ids")));
    Objective objective = Objective.of(model, (graph, outputs) -> loss(graph, outputs, pooled));
    int channels = io.get(name + "." + pooled).shape()[1];
    values.put("zeros of " + TextEncoder.LAST_HIDDEN_STATE, new float[2 * 16 * model.hiddenSize()]);
    values.put("zeros of " + pooled, new float[2 * channels]);
    Map<String, HostTensor> weights = FormulaWeights.of(model.parameters());
    try (LossGradients gradients =
        LossGradients.record(objective, BatchShape.of(2)).open(TestEngine.ENGINE, weights)) {
      double expected = of.get("loss").asDouble();
      assertEquals(expected, gradients.run(values), 1e-5 * expected);
      Errors.check(pooled, gradients.images(pooled), io.get(name + "." + pooled).values(), OUTPUT);
      new Snapshot(io, name + ".grad").checkGradients(gradients.gradients(), 2e-4, 1e-5, nearZero);
    }
    try (Inference inference =
        Inference.record(model, BatchShape.of(2)).open(TestEngine.ENGINE, weights)) {
      var _ = inference.predict(Map.of(TextEncoder.INPUT_IDS, values.get(TextEncoder.INPUT_IDS)));
      String penultimate = CLIPTextModel.hiddenStates(model.config().numHiddenLayers() - 1);
      Map<String, String> outputs =
          Map.of(
              TextEncoder.LAST_HIDDEN_STATE,
              "last_hidden_state",
              penultimate,
              "penultimate",
              CLIPTextModel.SKIPPED,
              "penultimate_final_norm");
      outputs.forEach((output, reference) ->
          Errors.check(
              reference,
              inference.hiddenStates(output),
              io.get(name + "." + reference).values(),
              OUTPUT));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"sd_tiny/text_encoder", "sdxl_tiny/text_encoder", "sdxl_tiny/text_encoder_2"})
  void aDirectoryIsWrittenAsItWasRead(String name, @TempDir Path directory) throws IOException {
    TextEncoderFiles.Stored stored = TextEncoderFiles.read(Golden.path(name));
    TextEncoderFiles.write(directory, stored.model(), stored.parameters());
    TextEncoderFiles.Stored again = TextEncoderFiles.read(directory);
    assertEquals(stored.model().toJson(), again.model().toJson());
    Map<String, HostTensor> file = Safetensors.read(directory.resolve("model.safetensors"));
    Map<String, HostTensor> given = Safetensors.read(Golden.path(name + "/model.safetensors"));
    assertEquals(given.keySet(), file.keySet());
    given.forEach((key, tensor) -> {
      assertArrayEquals(tensor.shape(), file.get(key).shape(), key);
      assertArrayEquals(tensor.values(), file.get(key).values(), key);
    });
    // What old versions of transformers saved beside the parameters.
    SequencedMap<String, HostTensor> old = new LinkedHashMap<>(given);
    old.put("text_model.embeddings.position_ids", new HostTensor(new int[] {1, 2}, new float[2]));
    Safetensors.write(directory.resolve("model.safetensors"), old, Map.of());
    assertEquals(given.keySet(), TextEncoderFiles.read(directory).parameters().keySet());
  }

  @Test
  void whatIsNotSupportedIsNamed(@TempDir Path directory) throws IOException {
    Map<String, String> messages =
        Map.of(
            "{\"architectures\": [\"T5EncoderModel\"]}", "T5EncoderModel",
            "{\"rope_theta\": 3}", "rope_theta",
            "{\"attention_dropout\": 0.1}", "attention_dropout",
            "{\"num_attention_heads\": 7}", "num_attention_heads",
            "{\"hidden_act\": \"tanh\"}", "hidden_act");
    for (Map.Entry<String, String> each : messages.entrySet()) {
      Files.writeString(directory.resolve("config.json"), each.getKey());
      IOException e =
          assertThrows(IOException.class, () -> TextEncoderFiles.read(directory), each.getKey());
      assertTrue(e.getMessage().contains(each.getValue()), e.getMessage());
    }
    CLIPTextModel.Options tooMany = new CLIPTextModel.Options(false, 12);
    assertThrows(
        IllegalArgumentException.class,
        () -> new CLIPTextModel(CLIPTextConfig.defaults(), tooMany));
  }
}
