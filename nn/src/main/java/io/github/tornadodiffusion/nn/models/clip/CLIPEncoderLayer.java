package io.github.tornadodiffusion.nn.models.clip;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.LayerNorm;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;

/**
 * transformers' CLIPEncoderLayer: {@code y = x + attention(norm1(x))}, then {@code y +
 * fc2(act(fc1(norm2(y))))}. No token attends to one after it.
 */
final class CLIPEncoderLayer {
  private final Scope scope;
  private final int heads;
  private final Activation activation;
  private final Conv2d keys;
  private final Conv2d values;
  private final Conv2d queries;
  private final Conv2d out;
  private final LayerNorm norm1;
  private final Conv2d fc1;
  private final Conv2d fc2;
  private final LayerNorm norm2;

  CLIPEncoderLayer(Scope scope, CLIPTextConfig config) {
    this.scope = scope;
    heads = config.numAttentionHeads();
    activation = config.activation();
    int channels = config.hiddenSize();
    Scope attention = scope.child("self_attn");
    keys = Conv2d.linear(attention.child("k_proj"), channels, channels, true);
    values = Conv2d.linear(attention.child("v_proj"), channels, channels, true);
    queries = Conv2d.linear(attention.child("q_proj"), channels, channels, true);
    out = Conv2d.linear(attention.child("out_proj"), channels, channels, true);
    norm1 = new LayerNorm(scope.child("layer_norm1"), channels, config.layerNormEps());
    fc1 = Conv2d.linear(scope.child("mlp.fc1"), channels, config.intermediateSize(), true);
    fc2 = Conv2d.linear(scope.child("mlp.fc2"), config.intermediateSize(), channels, true);
    norm2 = new LayerNorm(scope.child("layer_norm2"), channels, config.layerNormEps());
  }

  /** {@code [n, 1, tokens, channels]} of the same shape; bias as AttentionOperation has it. */
  Tensor apply(Graph graph, Tensor x, Tensor bias) {
    Tensor normed = norm1.apply(graph, x);
    Tensor q = queries.apply(graph, normed);
    Tensor k = keys.apply(graph, normed);
    Tensor v = values.apply(graph, normed);
    String label = scope.child("self_attn").path();
    Tensor attended = AttentionOperation.record(graph, label, q, k, v, heads, bias, true);
    Tensor sum = out.apply(graph, attended, null, x);
    Tensor hidden = fc1.apply(graph, norm2.apply(graph, sum));
    hidden = ActivationOperation.record(graph, scope.child("mlp").path(), activation, hidden);
    return fc2.apply(graph, hidden, null, sum);
  }
}
