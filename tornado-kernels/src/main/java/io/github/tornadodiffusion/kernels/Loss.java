package io.github.tornadodiffusion.kernels;

/** Mean squared error. */
public final class Loss {
  private Loss() {}

  /** perImage[i] = mean over the elements of image i of (prediction - target)^2; blocks without border. */
  public static Call meanSquaredError(Block prediction, Block target, int perImage) {
    throw new UnsupportedOperationException();
  }

  /** Gradient of the mean over all images: 2 (prediction - target) / (n h w c). */
  public static Call meanSquaredErrorBackward(Block prediction, Block target, Block gradPrediction) {
    throw new UnsupportedOperationException();
  }
}
