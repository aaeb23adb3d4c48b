package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.layers.SelfAttention;

/** diffusers' UNetMidBlock2D with one layer: resnet, attention, resnet. */
public final class UNetMidBlock2D {
  private final SelfAttention attention;
  private final ResnetBlock2D first;
  private final ResnetBlock2D second;

  /**
   * Declares the parameters of the block.
   *
   * @param headDim channels of an attention head, null for a block without attention
   * @param attentionGroups groups of the attention's normalisation, null for none
   */
  public UNetMidBlock2D(
      Scope scope,
      int channels,
      Integer headDim,
      Integer attentionGroups,
      ResnetBlock2D.Options options) {
    attention =
        headDim == null
            ? null
            : new SelfAttention(
                scope.child("attentions.0"),
                channels,
                headDim,
                attentionGroups,
                options.epsilon(),
                options.outputScaleFactor());
    first = new ResnetBlock2D(scope.child("resnets.0"), channels, channels, options);
    second = new ResnetBlock2D(scope.child("resnets.1"), channels, channels, options);
  }

  /** The output, of the shape of x. */
  public Tensor apply(Graph graph, Tensor x, Tensor temb) {
    Tensor hidden = first.apply(graph, x, temb);
    if (attention != null) {
      hidden = attention.apply(graph, hidden);
    }
    return second.apply(graph, hidden, temb);
  }
}
