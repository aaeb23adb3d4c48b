package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;
import io.github.tornadodiffusion.nn.operations.ConcatTokensOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.PixelMeanOperation;

/**
 * diffusers' TextTimeEmbedding: one vector for a text, {@code norm2(proj(pool(norm1(x))))}, where
 * the mean of all tokens attends to itself and to them.
 */
public final class TextTimeEmbedding {
  private static final double EPSILON = 1e-5;

  private final Scope scope;
  private final int heads;
  private final LayerNorm norm1;
  private final Parameter position;
  private final Conv2d keys;
  private final Conv2d queries;
  private final Conv2d values;
  private final Conv2d proj;
  private final LayerNorm norm2;

  /**
   * Declares the parameters of the layer.
   *
   * @param channels of the hidden states
   * @param length of the vector
   */
  public TextTimeEmbedding(Scope scope, int channels, int length, int heads) {
    scope.check(
        heads > 0 && channels % heads == 0,
        "%d channels do not divide into %d heads; change addition_embed_type_num_heads",
        channels,
        heads);
    this.scope = scope;
    this.heads = heads;
    norm1 = new LayerNorm(scope.child("norm1"), channels, EPSILON);
    Scope pool = scope.child("pool");
    position = pool.parameter("positional_embedding", Kind.EMBEDDING, 1, 1, channels);
    keys = Conv2d.linear(pool.child("k_proj"), channels, channels, true);
    queries = Conv2d.linear(pool.child("q_proj"), channels, channels, true);
    values = Conv2d.linear(pool.child("v_proj"), channels, channels, true);
    proj = Conv2d.linear(scope.child("proj"), channels, length, true);
    norm2 = new LayerNorm(scope.child("norm2"), length, EPSILON);
  }

  /** {@code [n, 1, tokens, channels]} to {@code [n, 1, 1, length]}. */
  public Tensor apply(Graph graph, Tensor x) {
    String pool = scope.child("pool").path();
    Tensor normed = norm1.apply(graph, x);
    Tensor mean = PixelMeanOperation.record(graph, pool, normed);
    Tensor placed =
        AddOperation.record(
            graph, pool, mean, LookupOperation.record(graph, pool, position, new float[x.n()]));
    Tensor all = ConcatTokensOperation.record(graph, pool, placed, normed);
    Tensor pooled =
        AttentionOperation.record(
            graph,
            pool,
            queries.apply(graph, placed),
            keys.apply(graph, all),
            values.apply(graph, all),
            heads);
    return norm2.apply(graph, proj.apply(graph, pooled));
  }
}
