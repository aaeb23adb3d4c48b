package io.github.tornadodiffusion.kernels.ops.posterior;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.Rows.Own;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.posterior.PosteriorKernels.Bounded;
import io.github.tornadodiffusion.kernels.ops.posterior.PosteriorKernels.BoundedBackward;
import java.util.List;

/**
 * A normal distribution with a mean and the logarithm of a variance for every element (Kingma and
 * Welling 2014), bound by memory. Borders and accumulate work as in {@link Elementwise}.
 */
public final class Posterior {
  private static final Kernel BOUNDED =
      Kernel.of(PosteriorKernels.class, "bounded").with(PosteriorOracles::bounded);
  private static final Kernel BOUNDED_BACKWARD =
      Kernel.of(PosteriorKernels.class, "boundedBackward").with(PosteriorOracles::boundedBackward);
  private static final Kernel DRAWN =
      Kernel.of(PosteriorKernels.class, "drawn").with(PosteriorOracles::drawn);
  private static final Kernel DRAWN_BACKWARD =
      Kernel.of(PosteriorKernels.class, "drawnBackward").with(PosteriorOracles::drawnBackward);
  private static final Kernel DIVERGENCE =
      Kernel.of(PosteriorKernels.class, "divergence").with(PosteriorOracles::divergence);
  private static final Kernel DIVERGENCE_BACKWARD =
      Kernel.of(PosteriorKernels.class, "divergenceBackward")
          .with(PosteriorOracles::divergenceBackward);
  private static final Kernel DIVERGENCE_BY_MEAN =
      Kernel.of(PosteriorKernels.class, "divergenceByMean")
          .with(PosteriorOracles::divergenceByMean);

  private Posterior() {}

  /**
   * out = min(max(x, least), largest).
   *
   * @param bounds offset of the least value, at most 0, and the largest, at least 0
   */
  public static Call bounded(Block x, int bounds, Block out) {
    return call(BOUNDED, 2, false, out, List.of(x), Rows.at(Bounded.BOUNDS, bounds));
  }

  /** Gradient of {@link #bounded}: gradX = gradOut between the bounds, otherwise 0. */
  public static Call boundedBackward(
      Block x, int bounds, Block gradOut, Block gradX, boolean accumulate) {
    return call(
        BOUNDED_BACKWARD,
        7,
        accumulate,
        gradX,
        List.of(x, gradOut),
        Rows.at(BoundedBackward.BOUNDS, bounds));
  }

  /** out = mean + exp(logvar / 2) noise. */
  public static Call drawn(Block mean, Block logvar, Block noise, Block out) {
    return call(DRAWN, 4, false, out, List.of(mean, logvar, noise));
  }

  /**
   * Gradient of {@link #drawn} by the logarithm of the variance; that by the mean is gradOut
   * itself.
   */
  public static Call drawnBackward(
      Block logvar, Block noise, Block gradOut, Block gradLogvar, boolean accumulate) {
    return call(DRAWN_BACKWARD, 5, accumulate, gradLogvar, List.of(logvar, noise, gradOut));
  }

  /**
   * out = (mean^2 + exp(logvar) - 1 - logvar) / 2: what every element adds to the Kullback-Leibler
   * divergence from the standard normal distribution, in nats.
   */
  public static Call divergence(Block mean, Block logvar, Block out) {
    return call(DIVERGENCE, 6, false, out, List.of(mean, logvar));
  }

  /** Gradient of {@link #divergence} by the logarithm of the variance. */
  public static Call divergenceBackward(
      Block logvar, Block gradOut, Block gradLogvar, boolean accumulate) {
    return call(DIVERGENCE_BACKWARD, 4, accumulate, gradLogvar, List.of(logvar, gradOut));
  }

  /** Gradient of {@link #divergence} by the mean. */
  public static Call divergenceByMean(
      Block mean, Block gradOut, Block gradMean, boolean accumulate) {
    return call(DIVERGENCE_BY_MEAN, 1, accumulate, gradMean, List.of(mean, gradOut));
  }

  private static Call call(
      Kernel kernel, double flops, boolean accumulate, Block out, List<Block> inputs, Own... own) {
    Rows.requireSameChannels(kernel, out, inputs.toArray(Block[]::new));
    return Rows.call(kernel, flops, accumulate, out, inputs, own);
  }
}
