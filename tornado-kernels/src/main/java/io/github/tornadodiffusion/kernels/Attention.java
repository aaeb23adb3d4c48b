package io.github.tornadodiffusion.kernels;

import java.util.List;

/** Multi-head attention softmax(q k^T / sqrt(d)) v over blocks [n, 1, tokens, c]; head i is the channels i*d .. (i+1)*d - 1, d = c / heads. */
public final class Attention {
  private Attention() {}

  /** Floats that forward leaves for backward. */
  public static int savedSize(Block q, int heads) {
    throw new UnsupportedOperationException();
  }

  public static int forwardScratch(Block q, int heads) {
    throw new UnsupportedOperationException();
  }

  public static List<Call> forward(Block q, Block k, Block v, int heads, Block out, int saved, int scratch) {
    throw new UnsupportedOperationException();
  }

  public static int backwardScratch(Block q, int heads) {
    throw new UnsupportedOperationException();
  }

  /** Overwrites gradQ, gradK and gradV. */
  public static List<Call> backward(Block q, Block k, Block v, int heads, Block out, int saved, Block gradOut, Block gradQ, Block gradK, Block gradV, int scratch) {
    throw new UnsupportedOperationException();
  }
}
