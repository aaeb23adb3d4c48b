package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;
import io.github.tornadodiffusion.nn.operations.ConcatTokensOperation;

/**
 * diffusers' Attention with added keys and values, as SimpleCrossAttnDownBlock2D has it: {@code x +
 * to_out(attention(y, text and y))} with {@code y = group_norm(x)}, in one attention to the text
 * and the pixels.
 */
public final class AddedKvAttention {
  private static final double EPSILON = 1e-5;

  private final Scope scope;
  private final int heads;
  private final GroupNorm2d groupNorm;
  private final Conv2d toQ;
  private final Conv2d toK; // null where the pixels attend to nothing but the text
  private final Conv2d toV;
  private final Conv2d addKProj;
  private final Conv2d addVProj;
  private final Conv2d toOut;

  /**
   * Declares the parameters of the layer.
   *
   * @param headDim channels of a head
   * @param contextChannels channels of the text's hidden states
   * @param groups of the normalisation
   * @param onlyCross whether the pixels attend to nothing but the text
   */
  public AddedKvAttention(
      Scope scope, int channels, int headDim, int contextChannels, int groups, boolean onlyCross) {
    this.scope = scope;
    heads = channels / headDim;
    scope.check(
        heads > 0 && channels % headDim == 0,
        "%d channels do not divide into heads of %d; change attention_head_dim",
        channels,
        headDim);
    groupNorm = new GroupNorm2d(scope.child("group_norm"), groups, channels, EPSILON);
    toQ = Conv2d.linear(scope.child("to_q"), channels, channels, true);
    toK = onlyCross ? null : Conv2d.linear(scope.child("to_k"), channels, channels, true);
    toV = onlyCross ? null : Conv2d.linear(scope.child("to_v"), channels, channels, true);
    addKProj = Conv2d.linear(scope.child("add_k_proj"), contextChannels, channels, true);
    addVProj = Conv2d.linear(scope.child("add_v_proj"), contextChannels, channels, true);
    toOut = Conv2d.linear(scope.child("to_out.0"), channels, channels, true);
  }

  /**
   * The output, of the shape of x.
   *
   * @param context hidden states of the text, {@code [n, 1, tokens, contextChannels]}
   * @param mask what is added to the scores of the text's tokens, see {@link Attention}; or null
   */
  public Tensor apply(Graph graph, Tensor x, Tensor context, Tensor mask) {
    scope.check(
        mask == null || toK == null,
        "a mask of the text is not supported beside attention of the pixels to each other; leave"
            + " encoder_attention_mask out");
    Tensor normed = groupNorm.apply(graph, x);
    Tensor q = toQ.apply(graph, normed);
    Tensor k = joined(graph, addKProj.apply(graph, context), toK, normed);
    Tensor v = joined(graph, addVProj.apply(graph, context), toV, normed);
    Tensor attended = AttentionOperation.record(graph, scope.path(), q, k, v, heads, mask, false);
    return toOut.apply(graph, attended, null, x);
  }

  private Tensor joined(Graph graph, Tensor ofText, Conv2d own, Tensor x) {
    return own == null
        ? ofText
        : ConcatTokensOperation.record(graph, scope.path(), ofText, own.apply(graph, x));
  }
}
