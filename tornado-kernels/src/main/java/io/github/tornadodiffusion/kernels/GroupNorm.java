package io.github.tornadodiffusion.kernels;

import java.util.List;

/** Group normalisation (Wu and He 2018), with an optional per-image scale and shift and an optional SiLU after it. */
public final class GroupNorm {
  private GroupNorm() {}

  /** Floats that forward leaves for backward. */
  public static int statisticsSize(Block x, int groups) {
    throw new UnsupportedOperationException();
  }

  /**
   * out = act(norm(x) * gamma + beta), or with scaleShift act((norm(x) * gamma + beta) * (1 + scale) + shift).
   *
   * @param eps offset of the constant eps
   * @param gamma [round16(c)], padding zero
   * @param scaleShift [n][round16(2c)], scale first, or -1
   * @param silu whether act is SiLU or nothing
   * @param out of x's shape, any border (written as zeros)
   */
  public static List<Call> forward(Block x, int groups, int eps, int gamma, int beta, int scaleShift, boolean silu, int statistics, Block out) {
    throw new UnsupportedOperationException();
  }

  public static int backwardScratch(Block x, int groups) {
    throw new UnsupportedOperationException();
  }

  /**
   * @param gradOut of x's shape, without border; its content is destroyed
   * @param gradX without border
   * @param accumulateX whether to add to gradX or overwrite it
   * @param accumulateParameters likewise for gradGamma and gradBeta
   * @param gradScaleShift [n][round16(2c)] (overwritten) or -1
   */
  public static List<Call> backward(Block x, int groups, int gamma, int beta, int scaleShift, boolean silu, int statistics, Block gradOut, Block gradX, boolean accumulateX, int gradGamma, int gradBeta, boolean accumulateParameters, int gradScaleShift, int scratch) {
    throw new UnsupportedOperationException();
  }
}
