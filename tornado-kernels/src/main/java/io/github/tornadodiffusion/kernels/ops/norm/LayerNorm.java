package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Common;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Forward;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Gradient;
import io.github.tornadodiffusion.kernels.ops.norm.LayerNormKernels.Sums;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import java.util.List;

/**
 * Layer normalisation over the channels of every pixel or token (Ba et al. 2016, equation 4; biased
 * variance as PyTorch). All blocks are of x's shape, without border.
 */
public final class LayerNorm {
  private static final Kernel FORWARD =
      Kernel.of(LayerNormKernels.class, "forward")
          .with(LayerNormOracles::forward)
          .with(Tiles.variant(LayerNormTileKernels.class, "forward", 4 * Tiles.THREADS));
  private static final Kernel GRADIENT =
      Kernel.of(LayerNormKernels.class, "gradient")
          .with(LayerNormOracles::gradient)
          .with(Tiles.variant(LayerNormTileKernels.class, "gradient", 8 * Tiles.THREADS));
  private static final Kernel SUMS =
      Kernel.of(LayerNormKernels.class, "sums").with(LayerNormOracles::sums);

  /** Pixels whose gradients of the parameters are summed by one iteration. */
  private static final int CHUNK = 64;

  private LayerNorm() {}

  /** Floats that {@link #forward} saves for the gradients: mean and inverse deviation. */
  public static int statisticsSize(Block x) {
    return Math.multiplyExact(2, x.pixels());
  }

  /**
   * out = (x - mean) / sqrt(variance + eps) * gamma + beta.
   *
   * @param eps offset of a constant
   * @param gamma [round16(c)], padding zero
   * @param beta [round16(c)], padding zero
   * @param statistics room for {@link #statisticsSize} floats
   */
  public static Call forward(Block x, int eps, int gamma, int beta, int statistics, Block out) {
    int[] d = descriptor(FORWARD, Forward.SIZE, x, statistics, out);
    d[Forward.EPS] = eps;
    d[Forward.GAMMA] = gamma;
    d[Forward.BETA] = beta;
    d[Forward.OUT] = out.offset();
    return new Call(FORWARD, d, x.pixels(), 0, 8.0 * x.size());
  }

  /**
   * gradX = (g - mean of g - norm * mean of (g * norm)) / sqrt(variance + eps) with g = gradOut *
   * gamma and norm as in {@link #forward}.
   *
   * @param statistics what forward saved
   * @param accumulate whether to add to gradX or overwrite it
   */
  public static Call gradient(
      Block x, int gamma, int statistics, Block gradOut, Block gradX, boolean accumulate) {
    int[] d = descriptor(GRADIENT, Gradient.SIZE, x, statistics, gradOut, gradX);
    d[Gradient.GAMMA] = gamma;
    d[Gradient.GRAD_OUT] = gradOut.offset();
    d[Gradient.GRAD_X] = gradX.offset();
    d[Gradient.ACCUMULATE] = accumulate ? 1 : 0;
    return new Call(GRADIENT, d, x.pixels(), 0, (accumulate ? 16.0 : 12.0) * x.size());
  }

  /** Floats of scratch memory that {@link #parameterGradients} needs. */
  public static int scratch(Block x) {
    return Math.multiplyExact(2 * chunks(x), x.stride());
  }

  /**
   * gradGamma = sum over the pixels of gradOut * norm, gradBeta = sum of gradOut; both are
   * [round16(c)].
   *
   * @param statistics what forward saved
   * @param accumulateGamma whether to add to gradGamma or overwrite it
   * @param accumulateBeta likewise
   * @param scratch room for {@link #scratch} floats
   */
  public static List<Call> parameterGradients(
      Block x,
      int statistics,
      Block gradOut,
      int gradGamma,
      boolean accumulateGamma,
      int gradBeta,
      boolean accumulateBeta,
      int scratch) {
    int[] d = descriptor(SUMS, Sums.SIZE, x, statistics, gradOut);
    int chunks = chunks(x);
    int betas = scratch + chunks * x.stride();
    d[Sums.GRAD_OUT] = gradOut.offset();
    d[Sums.CHUNK] = CHUNK;
    d[Sums.GAMMAS] = scratch;
    d[Sums.BETAS] = betas;
    return List.of(
        new Call(SUMS, d, chunks, 0, 8.0 * x.size()),
        Reduce.sumRows(scratch, chunks, x.stride(), gradGamma, accumulateGamma),
        Reduce.sumRows(betas, chunks, x.stride(), gradBeta, accumulateBeta));
  }

  private static int chunks(Block x) {
    return (x.pixels() + CHUNK - 1) / CHUNK;
  }

  private static int[] descriptor(
      Kernel kernel, int size, Block x, int statistics, Block... others) {
    Rows.requireNoBorder(kernel, x);
    for (Block other : others) {
      if (!x.at(0).equals(other.at(0))) {
        throw Rows.mismatch(kernel, other, x);
      }
    }
    int[] d = new int[size];
    d[Common.PIXELS] = x.pixels();
    d[Common.CHANNELS] = x.c();
    d[Common.STRIDE] = x.stride();
    d[Common.X] = x.offset();
    d[Common.STATISTICS] = statistics;
    return d;
  }
}
