package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Block;

/**
 * A value of the graph: {@code [n, h, w, c]} with an optional border of zeros. Sequences are {@code
 * [n, 1, tokens, c]}, rows {@code [n, 1, 1, c]}. Its place in the arena is decided after the graph
 * is recorded.
 */
final class Tensor implements Stored {
  private final Block shape;
  private final Buffer buffer;
  private final boolean needsGradient;

  private Tensor(Block shape, Buffer buffer, boolean needsGradient) {
    this.shape = shape;
    this.buffer = buffer;
    this.needsGradient = needsGradient;
  }

  /** A tensor in shared memory. */
  static Tensor of(String name, Block shape, boolean needsGradient) {
    return new Tensor(shape, Buffer.temporary(name, shape.size()), needsGradient);
  }

  /** A tensor that the host writes or reads. */
  static Tensor persistent(String name, Block shape, boolean needsGradient) {
    return new Tensor(shape, Buffer.persistent(name, shape.size()), needsGradient);
  }

  /** A shape with a border, at no place yet. */
  static Block shape(int n, int h, int w, int c, Padding padding) {
    return new Block(
        0, n, h, w, c, padding.top(), padding.left(), padding.bottom(), padding.right());
  }

  @Override
  public Buffer buffer() {
    return buffer;
  }

  /** The block, at offset 0. */
  Block shape() {
    return shape;
  }

  int n() {
    return shape.n();
  }

  int h() {
    return shape.h();
  }

  int w() {
    return shape.w();
  }

  int c() {
    return shape.c();
  }

  Padding padding() {
    return new Padding(shape.top(), shape.left(), shape.bottom(), shape.right());
  }

  /** The shape without its border: the shape of its gradient. */
  Block plainShape() {
    return shape.bordered(0, 0, 0, 0);
  }

  /** Whether the loss is to be differentiated with respect to this value. */
  boolean needsGradient() {
    return needsGradient;
  }

  @Override
  public String toString() {
    return "%s [%d, %d, %d, %d]".formatted(buffer, n(), h(), w(), c());
  }
}
