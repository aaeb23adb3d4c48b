package io.github.tornadodiffusion.kernels;

/** What touches every element once. An output's border and padding lanes are written as zeros; inputs may have a border, which is skipped. With accumulate the result is added to the output, which then has no border. */
public final class Elementwise {
  private Elementwise() {}

  /** to = from: adds, removes or changes a border. */
  public static Call copy(Block from, Block to, boolean accumulate) {
    throw new UnsupportedOperationException();
  }

  /** out = a + b. */
  public static Call add(Block a, Block b, Block out) {
    throw new UnsupportedOperationException();
  }

  /** out = factor * x; factor is the offset of a constant. */
  public static Call scale(Block x, int factor, Block out, boolean accumulate) {
    throw new UnsupportedOperationException();
  }

  /** out = factor * x + term; both are offsets of constants. */
  public static Call affine(Block x, int factor, int term, Block out) {
    throw new UnsupportedOperationException();
  }

  public static Call silu(Block x, Block out) {
    throw new UnsupportedOperationException();
  }

  public static Call siluBackward(Block x, Block gradOut, Block gradX, boolean accumulate) {
    throw new UnsupportedOperationException();
  }

  /** Softmax over the channels of each pixel. */
  public static Call softmax(Block x, Block out) {
    throw new UnsupportedOperationException();
  }

  public static Call softmaxBackward(Block out, Block gradOut, Block gradX, boolean accumulate) {
    throw new UnsupportedOperationException();
  }

  /** Channels of a, then channels of b. */
  public static Call concat(Block a, Block b, Block out) {
    throw new UnsupportedOperationException();
  }

  /** out = channels fromChannel .. fromChannel + out.c() - 1 of x; the gradient of concat. */
  public static Call slice(Block x, int fromChannel, Block out, boolean accumulate) {
    throw new UnsupportedOperationException();
  }
}
