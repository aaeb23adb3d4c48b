package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.AffineOperation;

/**
 * diffusers' Attention as UNet2DModel builds it: {@code (x + to_out(attention(to_q(y), to_k(y),
 * to_v(y)))) / rescaleOutputFactor} with {@code y = group_norm(x)}.
 */
public final class SelfAttention {
  private final Scope scope;
  private final double rescaleOutputFactor;
  private final GroupNorm2d groupNorm;
  private final Attention attention;

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
    int heads = channels / headDim;
    this.rescaleOutputFactor = rescaleOutputFactor;
    scope.check(
        heads > 0,
        "attention_head_dim %d is more than the %d channels; use at most %d",
        headDim,
        channels,
        channels);
    groupNorm =
        groups == null
            ? null
            : new GroupNorm2d(scope.child("group_norm"), groups, channels, epsilon);
    attention = new Attention(scope, channels, channels, heads, headDim, true);
  }

  /** The attention of x to itself, {@code [n, h, w, channels]}. */
  public Tensor apply(Graph graph, Tensor x) {
    Tensor normed = groupNorm == null ? x : groupNorm.apply(graph, x);
    Tensor sum = attention.apply(graph, normed, normed, null, x);
    return rescaleOutputFactor == 1
        ? sum
        : AffineOperation.scale(graph, scope.path(), sum, 1 / rescaleOutputFactor);
  }
}
