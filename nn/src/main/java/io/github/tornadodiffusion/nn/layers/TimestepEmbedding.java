package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;

/**
 * diffusers' TimestepEmbedding: {@code post(linear_2(f(linear_1(x + cond_proj(condition)))))},
 * where f is an activation; the one after it and the condition are optional.
 */
public final class TimestepEmbedding {
  private final Scope scope;
  private final Conv2d linear1;
  private final Conv2d condProj;
  private final Conv2d linear2;
  private final Options options;

  /**
   * The options of an embedding.
   *
   * @param activation between the layers
   * @param last activation of the output, or null
   * @param condProjDim length of a second vector, or null
   */
  public record Options(Activation activation, Activation last, Integer condProjDim) {
    /** SiLU between the layers and nothing else. */
    public static final Options DEFAULT = new Options(Activation.SILU, null, null);
  }

  /** Declares two linear layers, channels to timeEmbedDim to timeEmbedDim, with SiLU between. */
  public TimestepEmbedding(Scope scope, int channels, int timeEmbedDim) {
    this(scope, channels, timeEmbedDim, Options.DEFAULT);
  }

  /** Declares the linear layers. */
  public TimestepEmbedding(Scope scope, int channels, int timeEmbedDim, Options options) {
    this.scope = scope;
    this.options = options;
    linear1 = Conv2d.linear(scope.child("linear_1"), channels, timeEmbedDim, true);
    condProj =
        options.condProjDim == null
            ? null
            : Conv2d.linear(scope.child("cond_proj"), options.condProjDim, channels, false);
    linear2 = Conv2d.linear(scope.child("linear_2"), timeEmbedDim, timeEmbedDim, true);
  }

  /** {@code [n, 1, 1, channels]} to {@code [n, 1, 1, timeEmbedDim]}. */
  public Tensor apply(Graph graph, Tensor x) {
    return apply(graph, x, null);
  }

  /** The same of x and a condition {@code [n, 1, 1, condProjDim]}, or null. */
  public Tensor apply(Graph graph, Tensor x, Tensor condition) {
    Tensor input = condition == null ? x : condProj.apply(graph, condition, null, x);
    Tensor hidden = linear1.apply(graph, input);
    String label = scope.child("act").path();
    hidden = ActivationOperation.record(graph, label, options.activation, hidden);
    hidden = linear2.apply(graph, hidden);
    return options.last == null
        ? hidden
        : ActivationOperation.record(graph, label, options.last, hidden);
  }
}
