package io.github.tornadodiffusion.nn.models.clip;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import java.util.Map;
import java.util.SequencedMap;

/**
 * transformers' CLIPTextModelWithProjection: a {@link CLIPTextModel} with one more output, {@link
 * #TEXT_EMBEDS}.
 */
public final class CLIPTextModelWithProjection extends CLIPTextModel {
  /** The name in {@code architectures}. */
  public static final String CLASS_NAME = "CLIPTextModelWithProjection";

  /** The output {@code [n, projectionDim]}: the projection of the pooled output. */
  public static final String TEXT_EMBEDS = "text_embeds";

  private final Conv2d projection;

  /** A model that reads no mask. */
  public CLIPTextModelWithProjection(CLIPTextConfig config) {
    this(config, Options.DEFAULT);
  }

  /** A model with options, see {@link CLIPTextModel}. */
  public CLIPTextModelWithProjection(CLIPTextConfig config, Options options) {
    super(config, options);
    projection =
        Conv2d.linear(
            root().child("text_projection"), config.hiddenSize(), config.projectionDim(), false);
  }

  @Override
  public CLIPTextModel with(Options newOptions) {
    return new CLIPTextModelWithProjection(config(), newOptions);
  }

  @Override
  public String className() {
    return CLASS_NAME;
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    SequencedMap<String, Tensor> outputs = super.record(graph, inputs);
    outputs.put(TEXT_EMBEDS, projection.apply(graph, outputs.get(POOLER_OUTPUT)));
    return outputs;
  }
}
