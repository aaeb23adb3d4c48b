package io.github.tornadodiffusion.kernels.ops.peak;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;

/** The peak arithmetic rate of a device, for measurements: no model needs it. */
public final class Peak {
  /**
   * Floats that an iteration works on: eight vectors of sixteen, which do not depend on each other.
   */
  public static final int ROW = 8 * 16;

  private static final Kernel MULTIPLY_ADD =
      Kernel.of(PeakKernels.class, "multiplyAdd").with(PeakOracles::multiplyAdd);

  private Peak() {}

  /**
   * y = x after repeating x = factor * x + term, for every element: much arithmetic, hardly any
   * memory.
   *
   * @param rows of {@link #ROW} floats
   * @param factor offset of a constant, below 1 for numbers that stay finite
   * @param term offset of a constant
   * @param x offset of {@code [rows][128]}
   * @param y offset of {@code [rows][128]}
   */
  public static Call multiplyAdd(int rows, int times, int factor, int term, int x, int y) {
    int[] d = new int[PeakKernels.SIZE];
    d[PeakKernels.ROWS] = rows;
    d[PeakKernels.TIMES] = times;
    d[PeakKernels.FACTOR] = factor;
    d[PeakKernels.TERM] = term;
    d[PeakKernels.X] = x;
    d[PeakKernels.Y] = y;
    double floats = (double) rows * ROW;
    return new Call(MULTIPLY_ADD, d, rows, 2 * times * floats, 8 * floats);
  }
}
