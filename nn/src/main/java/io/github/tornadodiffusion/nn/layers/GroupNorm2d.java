package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.GroupNormOperation;

/** torch.nn.GroupNorm, with what often follows it. */
public final class GroupNorm2d {
  private final Scope scope;
  private final int groups;
  private final double epsilon;
  private final Parameter weight;
  private final Parameter bias;

  /** Declares weight and bias, [channels]. */
  public GroupNorm2d(Scope scope, int groups, int channels, double epsilon) {
    scope.check(
        groups > 0 && channels % groups == 0,
        "%d channels do not divide into %d groups; change norm_num_groups or block_out_channels",
        channels,
        groups);
    this.scope = scope;
    this.groups = groups;
    this.epsilon = epsilon;
    weight = scope.parameter("weight", Kind.NORM_WEIGHT, 1, channels);
    bias = scope.parameter("bias", Kind.NORM_BIAS, 1, channels);
  }

  /** The normalised x, borderless. */
  public Tensor apply(Graph graph, Tensor x) {
    return apply(graph, x, null, false, Padding.NONE);
  }

  /** The activation of the normalised x, within a border for the convolution to come. */
  public Tensor apply(Graph graph, Tensor x, Activation activation, Padding padding) {
    return apply(graph, x, null, activation, padding);
  }

  /**
   * {@code activation(norm(x) * (1 + scale) + shift)}; scaleShift {@code [n, 1, 1, 2c]} or null.
   */
  public Tensor apply(
      Graph graph, Tensor x, Tensor scaleShift, Activation activation, Padding padding) {
    if (activation == Activation.SILU) {
      return apply(graph, x, scaleShift, true, padding);
    }
    Tensor normed = apply(graph, x, scaleShift, false, Padding.NONE);
    String label = scope.child("activation").path();
    return ActivationOperation.record(graph, label, activation, normed, padding);
  }

  private Tensor apply(Graph graph, Tensor x, Tensor scaleShift, boolean silu, Padding padding) {
    return GroupNormOperation.record(
        graph, scope.path(), x, groups, epsilon, weight, bias, scaleShift, silu, padding);
  }
}
