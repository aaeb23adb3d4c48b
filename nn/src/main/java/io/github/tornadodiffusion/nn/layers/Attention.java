package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;

/**
 * diffusers' Attention: {@code to_out(attention(to_q(x), to_k(context), to_v(context)))}, in which
 * the context may be x itself.
 */
public final class Attention {
  private final Scope scope;
  private final int heads;
  private final Conv2d toQ;
  private final Conv2d toK;
  private final Conv2d toV;
  private final Conv2d toOut;

  /**
   * Declares the parameters of the layer.
   *
   * @param contextChannels channels of the context
   * @param headDim channels of a head
   * @param bias whether queries, keys and values have a bias
   */
  public Attention(
      Scope scope, int channels, int contextChannels, int heads, int headDim, boolean bias) {
    this.scope = scope;
    this.heads = heads;
    int inner = heads * headDim;
    toQ = Conv2d.linear(scope.child("to_q"), channels, inner, bias);
    toK = Conv2d.linear(scope.child("to_k"), contextChannels, inner, bias);
    toV = Conv2d.linear(scope.child("to_v"), contextChannels, inner, bias);
    toOut = Conv2d.linear(scope.child("to_out.0"), inner, channels, true);
  }

  /**
   * The attention of x to a context, of the shape of x.
   *
   * @param context {@code [n, h, w, contextChannels]}: pixels or tokens
   * @param mask what is added to the scores of the context's tokens, {@code [n, 1, 1, tokens]}; or
   *     null
   * @param residual added to the output, or null
   */
  public Tensor apply(Graph graph, Tensor x, Tensor context, Tensor mask, Tensor residual) {
    Tensor q = toQ.apply(graph, x);
    Tensor k = toK.apply(graph, context);
    Tensor v = toV.apply(graph, context);
    Tensor attended = AttentionOperation.record(graph, scope.path(), q, k, v, heads, mask, false);
    return toOut.apply(graph, attended, null, residual);
  }
}
