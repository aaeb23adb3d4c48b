package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * diffusers' BasicTransformerBlock: attention of the pixels to each other, attention to the text,
 * and two linear layers with a gated activation between (GEGLU, Shazeer 2020), each of the
 * normalised state and added to it.
 */
public final class BasicTransformerBlock {
  /** How many times wider than the state the layer between is. */
  private static final int WIDTH = 4;

  private static final double EPSILON = 1e-5;

  private final LayerNorm norm1;
  private final Attention attn1;
  private final LayerNorm norm2;
  private final Attention attn2;
  private final LayerNorm norm3;
  private final Geglu widening;
  private final Conv2d narrowing;
  private final boolean onlyCross;

  /**
   * Declares the parameters of the block.
   *
   * @param contextChannels channels of the text's hidden states
   * @param onlyCross whether the first attention is to the text, too
   */
  public BasicTransformerBlock(
      Scope scope, int channels, int heads, int contextChannels, boolean onlyCross) {
    this.onlyCross = onlyCross;
    int headDim = channels / heads;
    norm1 = new LayerNorm(scope.child("norm1"), channels, EPSILON);
    attn1 =
        new Attention(
            scope.child("attn1"),
            channels,
            onlyCross ? contextChannels : channels,
            heads,
            headDim,
            false);
    norm2 = new LayerNorm(scope.child("norm2"), channels, EPSILON);
    attn2 = new Attention(scope.child("attn2"), channels, contextChannels, heads, headDim, false);
    norm3 = new LayerNorm(scope.child("norm3"), channels, EPSILON);
    Scope ff = scope.child("ff.net");
    int inner = WIDTH * channels;
    widening = new Geglu(ff.child("0"), channels, inner);
    narrowing = Conv2d.linear(ff.child("2"), inner, channels, true);
  }

  /**
   * The next state, of the shape of x.
   *
   * @param context hidden states of the text, {@code [n, 1, tokens, contextChannels]}
   * @param mask what is added to the scores of the text's tokens, see {@link Attention}; or null
   */
  public Tensor apply(Graph graph, Tensor x, Tensor context, Tensor mask) {
    Tensor normed = norm1.apply(graph, x);
    Tensor hidden = attn1.apply(graph, normed, onlyCross ? context : normed, null, x);
    hidden = attn2.apply(graph, norm2.apply(graph, hidden), context, mask, hidden);
    Tensor wide = widening.apply(graph, norm3.apply(graph, hidden));
    return narrowing.apply(graph, wide, null, hidden);
  }
}
