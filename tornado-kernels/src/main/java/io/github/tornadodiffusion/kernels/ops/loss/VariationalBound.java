package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels.Backward;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels.PerImage;
import java.util.List;

/**
 * The terms of the variational bound of a model that predicts its variance (Nichol and Dhariwal
 * 2021, equations 4 to 6 and 15), in nats, and their gradient by that variance alone: the mean is
 * held, as in the paper's hybrid objective.
 *
 * <p>Let v be the second half of the model's channels. The logarithm of the variance lies the
 * fraction (v + 1) / 2 of the way from the smallest one, log s^2, to the largest. Everything is
 * expressed in units of s, so that neither the logarithm of a small variance nor a difference of
 * two of them is ever rounded. An image has three coefficients, which depend on its timestep:
 *
 * <ul>
 *   <li>range: the largest logarithm minus the smallest
 *   <li>scale: the factor from error = prediction - target to the error of the mean of x_(t-1), in
 *       units of s
 *   <li>halfBin: half the distance between neighbouring 8-bit values, 1 / 255, in units of s, at
 *       the timestep whose term is the likelihood of the image itself; 0 at all others, whose term
 *       is the divergence of the posterior q(x_(t-1) | x_t, x_0) = N(mean, s^2) from the model
 * </ul>
 *
 * <p>All blocks have the same shape and no border.
 */
public final class VariationalBound {
  private static final Kernel PER_IMAGE =
      Kernel.of(VariationalBoundKernels.class, "perImage")
          .with(VariationalBoundOracles::perImage)
          .with(Tiles.variant(VariationalBoundTileKernels.class, "perImage", 1024));
  private static final Kernel BACKWARD =
      Kernel.of(VariationalBoundKernels.class, "backward").with(VariationalBoundOracles::backward);

  private VariationalBound() {}

  /**
   * perImage[i] = mean over the elements of image i of its term.
   *
   * @param prediction what the model says, without its variance
   * @param target what it should say
   * @param variance v
   * @param images x_0 in [-1, 1]
   * @param range offset of [n]
   * @param scale offset of [n]
   * @param halfBin offset of [n]
   * @param perImage offset of [n]
   */
  public static Call perImage(
      Block prediction,
      Block target,
      Block variance,
      Block images,
      int range,
      int scale,
      int halfBin,
      int perImage) {
    Rows.requireNoBorder(PER_IMAGE, prediction, target, variance, images);
    for (Block block : List.of(target, variance, images)) {
      if (!block.at(0).equals(prediction.at(0))) {
        throw Rows.mismatch(PER_IMAGE, block, prediction);
      }
    }
    int[] d = new int[PerImage.SIZE];
    d[PerImage.IMAGES] = prediction.n();
    d[PerImage.H] = prediction.h();
    d[PerImage.LENGTH] = prediction.w() * prediction.c();
    d[PerImage.CHANNELS] = prediction.c();
    d[PerImage.STRIDE] = prediction.stride();
    d[PerImage.PREDICTION] = prediction.offset();
    d[PerImage.TARGET] = target.offset();
    d[PerImage.VARIANCE] = variance.offset();
    d[PerImage.ORIGINAL] = images.offset();
    d[PerImage.RANGE] = range;
    d[PerImage.SCALE] = scale;
    d[PerImage.HALF_BIN] = halfBin;
    d[PerImage.PER_IMAGE] = perImage;
    double elements = (double) prediction.pixels() * prediction.c();
    return new Call(PER_IMAGE, d, prediction.n(), 20 * elements, 4 * (4.0 * prediction.size()));
  }

  /**
   * Gradient by v of the mean over all elements of an image, times the image's weight: weights[i] *
   * (d term / d v) / (n h w c); the other parameters as for {@link #perImage}.
   *
   * @param weights offset of [n]
   * @param gradVariance takes the gradient
   */
  public static Call backward(
      Block prediction,
      Block target,
      Block variance,
      Block images,
      int range,
      int scale,
      int halfBin,
      int weights,
      Block gradVariance) {
    Rows.requireNoBorder(BACKWARD, prediction, target, variance, images, gradVariance);
    Rows.requireSameChannels(BACKWARD, gradVariance, prediction, target, variance, images);
    return Rows.callByImage(
        BACKWARD,
        20,
        false,
        gradVariance,
        List.of(prediction, target, variance, images),
        Rows.at(Backward.CHANNELS, gradVariance.c()),
        Rows.at(Backward.STRIDE, gradVariance.stride()),
        Rows.at(Backward.ELEMENTS, gradVariance.pixels() * gradVariance.c()),
        Rows.at(Backward.RANGE, range),
        Rows.at(Backward.SCALE, scale),
        Rows.at(Backward.HALF_BIN, halfBin),
        Rows.at(Backward.WEIGHTS, weights));
  }
}
