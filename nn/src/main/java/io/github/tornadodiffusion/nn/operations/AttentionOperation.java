package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.attention.Attention;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Multi-head attention over the pixels or tokens of an image: {@code softmax(q k^T / sqrt(d) +
 * mask) v} in every head of d channels.
 *
 * @param q queries; like k and v without border
 * @param bias what is added to the scores of every key, {@code [n, 1, 1, keys]}, or null
 * @param causal whether a query sees no key after it
 * @param saved what the forward pass saves for the backward pass
 */
public record AttentionOperation(
    String label,
    Tensor q,
    Tensor k,
    Tensor v,
    int heads,
    Tensor bias,
    boolean causal,
    Buffer saved,
    Tensor out)
    implements Operation {

  /** Records the attention of q to k and v, which may have other tokens than q has. */
  public static Tensor record(Graph graph, String label, Tensor q, Tensor k, Tensor v, int heads) {
    return record(graph, label, q, k, v, heads, null, false);
  }

  /**
   * Records the attention of q to k and v under a mask.
   *
   * @param bias {@code [n, 1, 1, keys]}: 0, or down to -1e30 for keys that are hidden; or null. It
   *     has no gradient
   * @param causal whether a query sees no key after it; q, k and v have the same tokens then
   */
  public static Tensor record(
      Graph graph,
      String label,
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      Tensor bias,
      boolean causal) {
    Scope.check(
        label,
        bias == null || bias.plainShape().equals(Block.of(0, k.n(), 1, 1, k.h() * k.w())),
        "the mask %s does not fit the keys %s",
        bias,
        k);
    Tensor out = Tensor.of(label, q.shape(), Tensor.anyNeedsGradient(q, k, v));
    Buffer saved = Buffer.temporary(label + " saved", Attention.savedSize(q.shape(), heads));
    return graph.record(new AttentionOperation(label, q, k, v, heads, bias, causal, saved, out));
  }

  private Attention.Mask mask(Step.Offsets at) {
    return new Attention.Mask(at.of(bias), causal);
  }

  @Override
  public void forward(Steps steps) {
    Buffer scratch = Buffer.scratch(label, Attention.forwardScratch(q.shape(), heads));
    steps.addAll(
        label,
        at ->
            Attention.forward(
                at.block(q),
                at.block(k),
                at.block(v),
                heads,
                mask(at),
                at.block(out),
                at.of(saved),
                at.of(scratch)));
  }

  @Override
  public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Tensor gradQ = gradients.contribution(q);
    Tensor gradK = gradients.contribution(k);
    Tensor gradV = gradients.contribution(v);
    Buffer scratch = Buffer.scratch(name, Attention.backwardScratch(q.shape(), k.shape(), heads));
    steps.addAll(
        name,
        at ->
            Attention.backward(
                at.block(q),
                at.block(k),
                at.block(v),
                heads,
                mask(at),
                at.block(out),
                at.of(saved),
                at.block(gradOut),
                at.block(gradQ),
                at.block(gradK),
                at.block(gradV),
                at.of(scratch)));
    gradients.add(steps, name, gradQ, q);
    gradients.add(steps, name, gradK, k);
    gradients.add(steps, name, gradV, v);
  }
}
