package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Attention;
import io.github.tornadodiffusion.kernels.Block;

/**
 * Multi-head self-attention over the pixels of an image.
 *
 * @param q queries; like k and v a borderless image that nothing else reads
 * @param saved what the forward pass leaves for the backward pass
 */
record AttentionOperation(
    String label, Tensor q, Tensor k, Tensor v, int heads, Buffer saved, Tensor out)
    implements Operation {

  @Override
  public void forward(Schedule schedule) {
    Buffer scratch =
        Buffer.temporary(label + " scratch", Attention.forwardScratch(tokens(q, 0), heads));
    schedule.addAll(
        label,
        at ->
            Attention.forward(
                tokens(q, at.of(q)),
                tokens(k, at.of(k)),
                tokens(v, at.of(v)),
                heads,
                tokens(out, at.of(out)),
                at.of(saved),
                at.of(scratch)),
        q,
        k,
        v,
        out,
        saved,
        scratch);
  }

  @Override
  public void backward(Schedule schedule, Tensor gradOut, Gradients gradients) {
    String name = label + " gradient";
    Tensor gradQ = gradients.only(q);
    Tensor gradK = gradients.only(k);
    Tensor gradV = gradients.only(v);
    Buffer scratch =
        Buffer.temporary(name + " scratch", Attention.backwardScratch(tokens(q, 0), heads));
    schedule.addAll(
        name,
        at ->
            Attention.backward(
                tokens(q, at.of(q)),
                tokens(k, at.of(k)),
                tokens(v, at.of(v)),
                heads,
                tokens(out, at.of(out)),
                at.of(saved),
                tokens(gradOut, at.of(gradOut)),
                tokens(gradQ, at.of(gradQ)),
                tokens(gradK, at.of(gradK)),
                tokens(gradV, at.of(gradV)),
                at.of(scratch)),
        q,
        k,
        v,
        out,
        saved,
        gradOut,
        gradQ,
        gradK,
        gradV,
        scratch);
  }

  /** Pixels as tokens: {@code [n, h, w, c]} and {@code [n, 1, h w, c]} are the same memory. */
  static Block tokens(Tensor x, int offset) {
    return Block.of(offset, x.n(), 1, x.h() * x.w(), x.c());
  }
}
