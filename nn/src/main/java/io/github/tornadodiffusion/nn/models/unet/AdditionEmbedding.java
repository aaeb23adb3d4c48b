package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.TextTimeEmbedding;
import io.github.tornadodiffusion.nn.layers.TimestepEmbedding;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import io.github.tornadodiffusion.nn.operations.FlattenOperation;
import io.github.tornadodiffusion.nn.operations.ReshapeOperation;
import io.github.tornadodiffusion.nn.operations.SinusoidOperation;
import java.util.List;
import java.util.Map;

/** What is added to the embedding of the timestep: diffusers' {@code add_embedding}. */
interface AdditionEmbedding {
  /** The pooled embedding of the text, {@code [n, length]}. */
  String TEXT_EMBEDS = "text_embeds";

  /** Original size, crop and target size of every image, {@code [n, 6]}. */
  String TIME_IDS = "time_ids";

  /** Numbers of every image in {@link #TIME_IDS}. */
  int IDS = 6;

  /** What is read for n images, beside the hidden states of the text. */
  List<Input> inputs(int n);

  /** Records the sum of an embedding and this one, {@code [n, 1, 1, c]}. */
  Tensor apply(Graph graph, Tensor temb, Map<String, Tensor> inputs);

  /** That of a configuration; null for none. */
  static AdditionEmbedding of(Scope scope, UNet2DConditionConfig config) {
    return switch (config.additionEmbedType()) {
      case null -> null;
      case "text" -> new Text(scope, config);
      default -> new TextTime(scope, config);
    };
  }

  /** An attention over the hidden states of the text, as DeepFloyd IF has it. */
  final class Text implements AdditionEmbedding {
    private final TextTimeEmbedding embedding;

    private Text(Scope scope, UNet2DConditionConfig config) {
      embedding =
          new TextTimeEmbedding(
              scope, config.contextChannels(), config.timeEmbedDim(), config.additionHeads());
    }

    @Override
    public List<Input> inputs(int n) {
      return List.of();
    }

    @Override
    public Tensor apply(Graph graph, Tensor temb, Map<String, Tensor> inputs) {
      Tensor text = embedding.apply(graph, inputs.get(UNet2DConditionModel.ENCODER_HIDDEN_STATES));
      return AddOperation.record(graph, "add_embedding", temb, text);
    }
  }

  /** The pooled text and the sinusoidal embedding of six numbers, as SDXL has it. */
  final class TextTime implements AdditionEmbedding {
    private final UNet2DConditionConfig config;
    private final TimestepEmbedding embedding;
    private final int textLength;

    private TextTime(Scope scope, UNet2DConditionConfig config) {
      this.config = config;
      int length = config.projectionInputDim();
      textLength = length - IDS * config.additionTimeEmbedDim();
      scope.check(
          textLength > 0,
          "projection_class_embeddings_input_dim is %d, of which six embeddings of"
              + " addition_time_embed_dim %d leave nothing for the text",
          length,
          config.additionTimeEmbedDim());
      embedding = new TimestepEmbedding(scope, length, config.timeEmbedDim());
    }

    @Override
    public List<Input> inputs(int n) {
      return List.of(Input.vectors(TEXT_EMBEDS, n, textLength), Input.numbers(TIME_IDS, IDS * n));
    }

    @Override
    public Tensor apply(Graph graph, Tensor temb, Map<String, Tensor> inputs) {
      int n = temb.n();
      Tensor sinusoids =
          SinusoidOperation.record(
              graph,
              "add_time_proj",
              inputs.get(TIME_IDS),
              config.additionTimeEmbedDim(),
              config.freqShift(),
              config.flipSinToCos());
      Tensor ofImages = ReshapeOperation.record(graph, "add_time_proj", sinusoids, n, 1, IDS);
      Tensor times = FlattenOperation.record(graph, "add_time_proj", ofImages);
      Tensor both = ConcatOperation.record(graph, "add_embedding", inputs.get(TEXT_EMBEDS), times);
      return AddOperation.record(graph, "add_embedding", temb, embedding.apply(graph, both));
    }
  }
}
