package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * diffusers' Transformer2DModel over the pixels of an image: {@code x +
 * proj_out(blocks(proj_in(norm(x))))}.
 */
public final class Transformer2DModel {
  private static final double EPSILON = 1e-6;

  private final GroupNorm2d norm;
  private final Conv2d projIn;
  private final List<BasicTransformerBlock> blocks = new ArrayList<>();
  private final Conv2d projOut;

  /**
   * The options of a transformer.
   *
   * @param heads of every attention
   * @param layers how many blocks there are
   * @param contextChannels channels of the text's hidden states
   * @param groups of the normalisation
   * @param linear whether the projections are linear layers, and not 1x1 convolutions: this changes
   *     the shape of their weights alone
   * @param onlyCross whether the pixels attend to nothing but the text
   */
  public record Options(
      int heads, int layers, int contextChannels, int groups, boolean linear, boolean onlyCross) {}

  /** Declares the parameters of a transformer of so many channels. */
  public Transformer2DModel(Scope scope, int channels, Options options) {
    scope.check(
        options.heads > 0 && channels % options.heads == 0,
        "%d channels do not divide into %d heads; change attention_head_dim",
        channels,
        options.heads);
    norm = new GroupNorm2d(scope.child("norm"), options.groups, channels, EPSILON);
    projIn = projection(scope.child("proj_in"), channels, options.linear);
    for (int i = 0; i < options.layers; i++) {
      blocks.add(
          new BasicTransformerBlock(
              scope.child("transformer_blocks." + i),
              channels,
              options.heads,
              options.contextChannels,
              options.onlyCross));
    }
    projOut = projection(scope.child("proj_out"), channels, options.linear);
  }

  private static Conv2d projection(Scope scope, int channels, boolean linear) {
    return linear
        ? Conv2d.linear(scope, channels, channels, true)
        : Conv2d.conv(scope, channels, channels, 1, 1, Padding.NONE, true);
  }

  /** The output, of the shape of x; for context and mask see {@link BasicTransformerBlock}. */
  public Tensor apply(Graph graph, Tensor x, Tensor context, Tensor mask) {
    Tensor hidden = projIn.apply(graph, norm.apply(graph, x));
    for (BasicTransformerBlock block : blocks) {
      hidden = block.apply(graph, hidden, context, mask);
    }
    return projOut.apply(graph, hidden, null, x);
  }
}
