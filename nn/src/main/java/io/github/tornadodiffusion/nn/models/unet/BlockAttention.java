package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.layers.SelfAttention;
import java.util.function.Function;

/** What follows a ResNet in a block of a UNet. */
@FunctionalInterface
public interface BlockAttention {
  /** The output, of the shape of x. */
  Tensor apply(Graph graph, Tensor x, Conditions conditions);

  /**
   * Makes the attention of the pixels to each other, as in AttnDownBlock2D.
   *
   * @param headDim channels of an attention head; null for none, which gives null
   * @param groups of the attention's normalisation, null for none
   * @param options epsilon and divisor are used
   */
  static Function<Scope, BlockAttention> self(
      int channels, Integer headDim, Integer groups, ResnetBlock2D.Options options) {
    return headDim == null
        ? null
        : scope -> {
          SelfAttention attention =
              new SelfAttention(
                  scope, channels, headDim, groups, options.epsilon(), options.outputScaleFactor());
          return (graph, x, conditions) -> attention.apply(graph, x);
        };
  }
}
