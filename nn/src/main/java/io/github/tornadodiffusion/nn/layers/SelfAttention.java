package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;

/**
 * diffusers' Attention as UNet2DModel builds it: {@code (x + to_out(attention(to_q(y), to_k(y),
 * to_v(y)))) / rescaleOutputFactor} with {@code y = group_norm(x)}.
 */
public final class SelfAttention {
  private final Scope scope;
  private final int heads;
  private final double rescaleOutputFactor;
  private final GroupNorm2d groupNorm;
  private final Conv2d toQ;
  private final Conv2d toK;
  private final Conv2d toV;
  private final Conv2d toOut;

  /**
   * Declares the parameters of the layer.
   *
   * @param headDim channels of a head; there are as many heads as fit into the channels
   * @param groups groups of the normalisation, null for none
   */
  public SelfAttention(
      Scope scope,
      int channels,
      int headDim,
      Integer groups,
      double epsilon,
      double rescaleOutputFactor) {
    this.scope = scope;
    this.heads = channels / headDim;
    this.rescaleOutputFactor = rescaleOutputFactor;
    scope.check(
        heads > 0,
        "attention_head_dim %d is more than the %d channels; use at most %d",
        headDim,
        channels,
        channels);
    int inner = heads * headDim;
    groupNorm =
        groups == null
            ? null
            : new GroupNorm2d(scope.child("group_norm"), groups, channels, epsilon);
    toQ = Conv2d.linear(scope.child("to_q"), channels, inner, true);
    toK = Conv2d.linear(scope.child("to_k"), channels, inner, true);
    toV = Conv2d.linear(scope.child("to_v"), channels, inner, true);
    toOut = Conv2d.linear(scope.child("to_out.0"), inner, channels, true);
  }

  /** The attention of x to itself, {@code [n, h, w, channels]}. */
  public Tensor apply(Graph graph, Tensor x) {
    Tensor normed = groupNorm == null ? x : groupNorm.apply(graph, x);
    Tensor q = toQ.apply(graph, normed);
    Tensor k = toK.apply(graph, normed);
    Tensor v = toV.apply(graph, normed);
    String path = scope.path();
    Tensor attended = AttentionOperation.record(graph, path, q, k, v, heads);
    Tensor sum = toOut.apply(graph, attended, null, x);
    return rescaleOutputFactor == 1
        ? sum
        : AffineOperation.scale(graph, path, sum, 1 / rescaleOutputFactor);
  }
}
