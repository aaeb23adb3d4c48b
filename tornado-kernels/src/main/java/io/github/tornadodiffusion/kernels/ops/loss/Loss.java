package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredError;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredErrorBackward;
import java.util.List;

/** Mean squared error, bound by memory. */
public final class Loss {
  private static final Class<?> OWNER = LossKernels.class;

  private Loss() {}

  /**
   * perImage[i] = mean over the elements of image i of (prediction - target)^2; blocks without
   * border.
   */
  public static Call meanSquaredError(Block prediction, Block target, int perImage) {
    Kernel kernel = new Kernel(OWNER, "meanSquaredError");
    Rows.requireNoBorder(kernel, prediction, target);
    if (!prediction.at(0).equals(target.at(0))) {
      throw Rows.mismatch(kernel, target, prediction);
    }
    int elements = prediction.h() * prediction.w() * prediction.c();
    int[] d = new int[MeanSquaredError.SIZE];
    d[MeanSquaredError.IMAGES] = prediction.n();
    d[MeanSquaredError.H] = prediction.h();
    d[MeanSquaredError.PITCH] = prediction.w() * prediction.stride();
    d[MeanSquaredError.ELEMENTS] = elements;
    d[MeanSquaredError.PREDICTION] = prediction.offset();
    d[MeanSquaredError.TARGET] = target.offset();
    d[MeanSquaredError.PER_IMAGE] = perImage;
    double all = (double) prediction.n() * elements;
    return new Call(
        kernel, d, prediction.n(), 3 * all, 4.0 * (2.0 * prediction.size() + prediction.n()));
  }

  /**
   * Gradient of the weighted mean over all images: weights[i] * 2 (prediction - target) / (n h w c)
   * for image i; weights: [n].
   */
  public static Call meanSquaredErrorBackward(
      Block prediction, Block target, int weights, Block gradPrediction) {
    Kernel kernel = new Kernel(OWNER, "meanSquaredErrorBackward");
    Rows.requireSameChannels(kernel, gradPrediction, prediction, target);
    int elements = gradPrediction.pixels() * gradPrediction.c();
    return Rows.callByImage(
        kernel,
        2,
        false,
        gradPrediction,
        List.of(prediction, target),
        Rows.at(MeanSquaredErrorBackward.ELEMENTS, elements),
        Rows.at(MeanSquaredErrorBackward.WEIGHTS, weights));
  }
}
