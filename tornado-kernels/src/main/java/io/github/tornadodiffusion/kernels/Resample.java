package io.github.tornadodiffusion.kernels;

/** Changes of resolution. Conventions of borders and accumulate as in {@link Elementwise}. */
public final class Resample {
  private Resample() {}

  /** Nearest neighbour to any size, as torch.nn.functional.interpolate(mode="nearest"). */
  public static Call nearest(Block x, Block out) {
    throw new UnsupportedOperationException();
  }

  public static Call nearestBackward(Block gradOut, Block gradX, boolean accumulate) {
    throw new UnsupportedOperationException();
  }

  /** 2x2 average pooling with stride 2. */
  public static Call averagePool(Block x, Block out) {
    throw new UnsupportedOperationException();
  }

  public static Call averagePoolBackward(Block gradOut, Block gradX, boolean accumulate) {
    throw new UnsupportedOperationException();
  }

  /** Inserts stride - 1 zeros between pixels: to.h = (from.h - 1) * stride + 1; for the input gradient of strided convolutions. */
  public static Call dilate(Block from, int stride, Block to) {
    throw new UnsupportedOperationException();
  }
}
