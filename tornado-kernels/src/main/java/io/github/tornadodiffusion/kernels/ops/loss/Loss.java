package io.github.tornadodiffusion.kernels.ops.loss;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredError;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels.MeanSquaredErrorBackward;
import java.util.List;

/** Mean squared error, bound by memory. */
public final class Loss {
  private static final Kernel MEAN_SQUARED_ERROR =
      Kernel.of(LossKernels.class, "meanSquaredError")
          .with(LossOracles::meanSquaredError)
          .with(Tiles.variant(LossTileKernels.class, "meanSquaredError", 1024));
  private static final Kernel MEAN_SQUARED_ERROR_BACKWARD =
      Kernel.of(LossKernels.class, "meanSquaredErrorBackward")
          .with(LossOracles::meanSquaredErrorBackward);

  private Loss() {}

  /**
   * perImage[i] = mean over the elements of image i of (prediction - target)^2; blocks without
   * border.
   */
  public static Call meanSquaredError(Block prediction, Block target, int perImage) {
    Rows.requireNoBorder(MEAN_SQUARED_ERROR, prediction, target);
    if (!prediction.at(0).equals(target.at(0))) {
      throw Rows.mismatch(MEAN_SQUARED_ERROR, target, prediction);
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
        MEAN_SQUARED_ERROR,
        d,
        prediction.n(),
        3 * all,
        4.0 * (2.0 * prediction.size() + prediction.n()));
  }

  /**
   * Gradient of the weighted mean over all images: weights[i] * 2 (prediction - target) / (n h w c)
   * for image i; weights: [n].
   */
  public static Call meanSquaredErrorBackward(
      Block prediction, Block target, int weights, Block gradPrediction) {
    Rows.requireSameChannels(MEAN_SQUARED_ERROR_BACKWARD, gradPrediction, prediction, target);
    int elements = gradPrediction.pixels() * gradPrediction.c();
    return Rows.callByImage(
        MEAN_SQUARED_ERROR_BACKWARD,
        2,
        false,
        gradPrediction,
        List.of(prediction, target),
        Rows.at(MeanSquaredErrorBackward.ELEMENTS, elements),
        Rows.at(MeanSquaredErrorBackward.WEIGHTS, weights));
  }
}
