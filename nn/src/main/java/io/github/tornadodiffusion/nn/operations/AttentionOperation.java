package io.github.tornadodiffusion.nn.operations;

import io.github.tornadodiffusion.kernels.ops.attention.Attention;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Schedule;
import io.github.tornadodiffusion.nn.graph.Tensor;

/**
 * Multi-head self-attention over the pixels of an image.
 *
 * @param q queries; like k and v a borderless image that nothing else reads
 * @param saved what the forward pass leaves for the backward pass
 */
public record AttentionOperation(
    String label, Tensor q, Tensor k, Tensor v, int heads, Buffer saved, Tensor out)
    implements Operation {

  @Override
  public void forward(Schedule schedule) {
    Buffer scratch = Buffer.scratch(label, Attention.forwardScratch(q.shape(), heads));
    schedule.addAll(
        label,
        at ->
            Attention.forward(
                at.block(q),
                at.block(k),
                at.block(v),
                heads,
                at.block(out),
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
    Buffer scratch = Buffer.scratch(name, Attention.backwardScratch(q.shape(), heads));
    schedule.addAll(
        name,
        at ->
            Attention.backward(
                at.block(q),
                at.block(k),
                at.block(v),
                heads,
                at.block(out),
                at.of(saved),
                at.block(gradOut),
                at.block(gradQ),
                at.block(gradK),
                at.block(gradV),
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
}
