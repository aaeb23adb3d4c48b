package io.github.tornadodiffusion.kernels.ops.dropout;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.noise.Philox;
import java.util.List;

/**
 * Inverted dropout (Srivastava et al. 2014): {@code out = x * scale} where an element stays and 0
 * where it drops, which {@link Philox} decides. Its gradient is the same function of the output's
 * gradient.
 */
public final class Dropout {
  private static final Kernel DROP =
      Kernel.of(DropoutKernels.class, "drop").with(DropoutOracles::drop);

  /** Random words are compared by their upper 24 bits. */
  private static final int BITS = 24;

  private Dropout() {}

  /** What the elements that stay are multiplied by, as PyTorch computes it. */
  public static float scale(double probability) {
    return 1f / (float) (1 - probability);
  }

  /**
   * Drops elements. An element's random word is that of its index in the order [n][h][w][c], where
   * the seed block gives the number of the first image as the first index.
   *
   * @param seedBlock see {@link Noise#seedBlock}, with the number of the first image as the index
   * @param probability of an element to drop, from 0 to below 1
   * @param scale offset of {@link #scale}
   * @param accumulate whether to add to what is there
   */
  public static Call drop(
      Block x, int seedBlock, double probability, int scale, Block out, boolean accumulate) {
    if (!(probability >= 0 && probability < 1)) {
      throw new IllegalArgumentException(
          "%s: the probability %s is not in [0, 1)".formatted(DROP.id(), probability));
    }
    Rows.requireSameChannels(DROP, out, x);
    int least = (int) Math.round(Math.scalb(probability, BITS));
    return Rows.callByImage(
        DROP,
        20,
        accumulate,
        out,
        List.of(x),
        Rows.at(DropoutKernels.CHANNELS, out.c()),
        Rows.at(DropoutKernels.STRIDE, out.stride()),
        Rows.at(DropoutKernels.SEED, seedBlock),
        Rows.at(DropoutKernels.LEAST, least),
        Rows.at(DropoutKernels.SCALE, scale));
  }
}
