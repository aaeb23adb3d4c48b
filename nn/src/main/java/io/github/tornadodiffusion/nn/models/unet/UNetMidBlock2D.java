package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import java.util.function.Function;

/**
 * diffusers' UNetMidBlock2D, UNetMidBlock2DCrossAttn and UNetMidBlock2DSimpleCrossAttn with one
 * layer: resnet, attention, resnet.
 */
public final class UNetMidBlock2D {
  private final BlockAttention attention;
  private final ResnetBlock2D first;
  private final ResnetBlock2D second;

  /**
   * Declares the parameters of the block.
   *
   * @param attention makes what is between the resnets; null for nothing
   */
  public UNetMidBlock2D(
      Scope scope,
      int channels,
      Function<Scope, BlockAttention> attention,
      ResnetBlock2D.Options options) {
    this.attention = attention == null ? null : attention.apply(scope.child("attentions.0"));
    first = new ResnetBlock2D(scope.child("resnets.0"), channels, channels, options);
    second = new ResnetBlock2D(scope.child("resnets.1"), channels, channels, options);
  }

  /** The output, of the shape of x. */
  public Tensor apply(Graph graph, Tensor x, Conditions conditions) {
    Tensor hidden = first.apply(graph, x, conditions.temb());
    if (attention != null) {
      hidden = attention.apply(graph, hidden, conditions);
    }
    return second.apply(graph, hidden, conditions.temb());
  }
}
