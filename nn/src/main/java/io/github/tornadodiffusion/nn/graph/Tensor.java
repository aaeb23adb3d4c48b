package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;
import java.util.Arrays;

/**
 * A value of the graph: {@code [n, h, w, c]} with an optional border of zeros. Sequences are {@code
 * [n, 1, tokens, c]}, rows {@code [n, 1, 1, c]}. Its offset in the arena is decided after the graph
 * is recorded.
 */
public final class Tensor implements Stored {
  private final Block shape;
  private final Buffer buffer;
  private final boolean needsGradient;

  private Tensor(Block shape, Buffer buffer, boolean needsGradient) {
    this.shape = shape;
    this.buffer = buffer;
    this.needsGradient = needsGradient;
  }

  /** A tensor in shared memory. */
  public static Tensor of(String name, Block shape, boolean needsGradient) {
    return new Tensor(shape, Buffer.temporary(name, shape.size()), needsGradient);
  }

  /** A tensor that the host writes or reads. */
  public static Tensor persistent(String name, Block shape, boolean needsGradient) {
    return new Tensor(shape, Buffer.persistent(name, shape.size()), needsGradient);
  }

  /** One number for every image, {@code [1, 1, 1, n]}, in shared memory. */
  public static Tensor perImage(String name, int n, boolean needsGradient) {
    return of(name, Block.of(0, 1, 1, 1, n), needsGradient);
  }

  /**
   * The same memory with another shape: neither has a border, and both have the same channels and
   * the same number of pixels.
   */
  public Tensor as(Block other) {
    if (!shape.equals(plainShape()) || other.c() != c() || other.pixels() != shape.pixels()) {
      throw new IllegalArgumentException("%s cannot be seen as %s".formatted(this, other));
    }
    return new Tensor(other, buffer, needsGradient);
  }

  /** A shape with a border, without an offset. */
  public static Block shape(int n, int h, int w, int c, Padding padding) {
    return new Block(
        0, n, h, w, c, padding.top(), padding.left(), padding.bottom(), padding.right());
  }

  @Override
  public Buffer buffer() {
    return buffer;
  }

  /** The block, at offset 0. */
  public Block shape() {
    return shape;
  }

  /** Images. */
  public int n() {
    return shape.n();
  }

  /** Rows, without border. */
  public int h() {
    return shape.h();
  }

  /** Columns, without border. */
  public int w() {
    return shape.w();
  }

  /** Channels, without padding. */
  public int c() {
    return shape.c();
  }

  /** The border, in pixels. */
  public Padding padding() {
    return new Padding(shape.top(), shape.left(), shape.bottom(), shape.right());
  }

  /** The shape without its border: the shape of its gradient. */
  public Block plainShape() {
    return shape.bordered(0, 0, 0, 0);
  }

  /** Whether the loss is to be differentiated with respect to this value. */
  public boolean needsGradient() {
    return needsGradient;
  }

  /** Whether one of several values needs a gradient; nulls are ignored. */
  public static boolean anyNeedsGradient(Tensor... tensors) {
    return Arrays.stream(tensors).anyMatch(tensor -> tensor != null && tensor.needsGradient);
  }

  @Override
  public String toString() {
    return "%s [%d, %d, %d, %d]".formatted(buffer, n(), h(), w(), c());
  }
}
