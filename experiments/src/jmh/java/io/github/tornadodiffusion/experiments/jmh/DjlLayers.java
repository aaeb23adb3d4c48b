package io.github.tornadodiffusion.experiments.jmh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

/** Layers that DJL does not have, made of those that it has. */
final class DjlLayers {
  private DjlLayers() {}

  /**
   * Group normalisation as a layer normalisation of the groups, then scale and shift of the
   * channels.
   *
   * @param x {@code [n, c, h, w]}
   */
  static NDArray groupNorm(NDArray x, int groups, NDArray gamma, NDArray beta, float epsilon) {
    Shape shape = x.getShape();
    Shape channels = new Shape(1, shape.get(1), 1, 1);
    Shape group = new Shape(shape.size() / shape.get(0) / groups);
    NDArray grouped = x.reshape(shape.get(0), groups, group.size());
    NDArray ones = x.getManager().ones(group);
    NDArray zeros = x.getManager().zeros(group);
    return x.getNDArrayInternal()
        .layerNorm(grouped, group, ones, zeros, epsilon)
        .singletonOrThrow()
        .reshape(shape)
        .mul(gamma.reshape(channels))
        .add(beta.reshape(channels));
  }

  /**
   * softmax(q k^T / sqrt(d)) v of each head.
   *
   * @param q {@code [n, tokens, c]}, as are k and v
   */
  static NDArray attention(NDArray q, NDArray k, NDArray v, int heads) {
    Shape shape = q.getShape();
    // Not mul(Number): DJL frees its operand when Java collects garbage, and the gradient reads it.
    NDArray scale =
        q.getManager().full(new Shape(1), (float) (1 / Math.sqrt((double) shape.get(2) / heads)));
    NDArray scores = heads(q, heads).mul(scale).matMul(heads(k, heads).transpose(0, 1, 3, 2));
    return scores.softmax(-1).matMul(heads(v, heads)).transpose(0, 2, 1, 3).reshape(shape);
  }

  private static NDArray heads(NDArray x, int heads) {
    Shape s = x.getShape();
    return x.reshape(s.get(0), s.get(1), heads, s.get(2) / heads).transpose(0, 2, 1, 3);
  }

  /** x sigmoid(x). */
  static NDArray silu(NDArray x) {
    return x.mul(Activation.sigmoid(x));
  }
}
