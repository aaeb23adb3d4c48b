package io.github.tornadodiffusion.kernels.ops.resample;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Rows;
import io.github.tornadodiffusion.kernels.Rows.Own;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Changes of resolution; all are bound by memory. Borders and accumulate work as in {@link
 * Elementwise}, but the blocks of a call must not overlap.
 */
public final class Resample {
  private static final Kernel NEAREST =
      Kernel.of(ResampleKernels.class, "nearest").with(ResampleOracles::nearest);
  private static final Kernel NEAREST_BACKWARD =
      Kernel.of(ResampleKernels.class, "nearestBackward").with(ResampleOracles::nearestBackward);
  private static final Kernel AVERAGE_POOL =
      Kernel.of(ResampleKernels.class, "averagePool").with(ResampleOracles::averagePool);
  private static final Kernel AVERAGE_POOL_BACKWARD =
      Kernel.of(ResampleKernels.class, "averagePoolBackward")
          .with(ResampleOracles::averagePoolBackward);
  private static final Kernel FILTER =
      Kernel.of(ResampleKernels.class, "filter").with(ResampleOracles::filter);
  private static final Kernel DILATE =
      Kernel.of(ResampleKernels.class, "dilate").with(ResampleOracles::dilate);

  private Resample() {}

  /**
   * Nearest neighbour to any size, as torch.nn.functional.interpolate(mode="nearest"): the source
   * row of row y is floor(y * scale), scale = float(x.h) / out.h in single precision, and likewise
   * for columns.
   */
  public static Call nearest(Block x, Block out) {
    IntStream tables = IntStream.concat(sources(x.h(), out.h()), sources(x.w(), out.w()));
    return call(NEAREST, 0, false, x, out, Rows.at(ResampleKernels.SOURCES, tables.toArray()));
  }

  /**
   * Gradient of {@link #nearest}: every pixel of gradX gathers the pixels that it was copied to.
   */
  public static Call nearestBackward(Block gradOut, Block gradX, boolean accumulate) {
    IntStream tables =
        IntStream.concat(starts(gradX.h(), gradOut.h()), starts(gradX.w(), gradOut.w()));
    return call(
        NEAREST_BACKWARD,
        1,
        accumulate,
        gradOut,
        gradX,
        Rows.at(ResampleKernels.STARTS, tables.toArray()));
  }

  /**
   * 2x2 average pooling with stride 2; out.h = x.h / 2, so that the last row of an odd height is
   * left out.
   */
  public static Call averagePool(Block x, Block out) {
    requireHalf(AVERAGE_POOL, x, out);
    return call(AVERAGE_POOL, 4, false, x, out);
  }

  /** Gradient of {@link #averagePool}. */
  public static Call averagePoolBackward(Block gradOut, Block gradX, boolean accumulate) {
    requireHalf(AVERAGE_POOL_BACKWARD, gradX, gradOut);
    return call(
        AVERAGE_POOL_BACKWARD,
        1,
        accumulate,
        gradOut,
        gradX,
        Rows.at(ResampleKernels.POOLED_H, gradOut.h()),
        Rows.at(ResampleKernels.POOLED_W, gradOut.w()));
  }

  /**
   * Halves height and width, which are even, after the filter [1, 3, 3, 1] in both directions with
   * zeros around the image (Zhang 2019; diffusers' downsample_2d): out[y] = (x[2y - 1] + 3 x[2y] +
   * 3 x[2y + 1] + x[2y + 2]) / 8.
   */
  public static Call filteredHalf(Block x, Block out) {
    requireHalf(FILTER, x, out);
    return filter(x, out, 8, false);
  }

  /** Gradient of {@link #filteredHalf}. */
  public static Call filteredHalfBackward(Block gradOut, Block gradX, boolean accumulate) {
    requireHalf(FILTER, gradX, gradOut);
    return filter(gradOut, gradX, 8, accumulate);
  }

  /**
   * Doubles height and width with the same filter (diffusers' upsample_2d): out[2y] = (x[y - 1] + 3
   * x[y]) / 4, out[2y + 1] = (3 x[y] + x[y + 1]) / 4.
   */
  public static Call filteredDouble(Block x, Block out) {
    requireHalf(FILTER, out, x);
    return filter(x, out, 4, false);
  }

  /** Gradient of {@link #filteredDouble}. */
  public static Call filteredDoubleBackward(Block gradOut, Block gradX, boolean accumulate) {
    requireHalf(FILTER, gradOut, gradX);
    return filter(gradOut, gradX, 4, accumulate);
  }

  /** To half or double size: each is the gradient of the other, except for the divisor. */
  private static Call filter(Block in, Block out, int divisor, boolean accumulate) {
    boolean half = in.h() > out.h();
    if (half && in.h() % 2 + in.w() % 2 > 0 || !half && out.h() % 2 + out.w() % 2 > 0) {
      throw Rows.mismatch(FILTER, in, out);
    }
    int taps = half ? 4 : 2;
    IntStream tables =
        IntStream.concat(filterTaps(half, in.h(), out.h()), filterTaps(half, in.w(), out.w()));
    return call(
        FILTER,
        2 * taps * taps,
        accumulate,
        in,
        out,
        Rows.at(ResampleKernels.DIVISOR, divisor),
        Rows.at(ResampleKernels.TAPS, taps),
        Rows.at(ResampleKernels.TAP_TABLE, tables.toArray()));
  }

  /** For every position of the output, the positions that it reads, each followed by its weight. */
  private static IntStream filterTaps(boolean half, int in, int out) {
    int[] weights = half ? new int[] {1, 3, 3, 1} : new int[] {1, 3};
    return IntStream.range(0, out)
        .flatMap(i ->
            IntStream.range(0, weights.length)
                .flatMap(tap -> {
                  int near = i / 2;
                  int at = half ? 2 * i - 1 + tap : tap == 1 ? near : near + (i % 2 == 0 ? -1 : 1);
                  boolean inside = at >= 0 && at < in;
                  return IntStream.of(inside ? at : 0, inside ? weights[tap] : 0);
                }));
  }

  /**
   * Inserts stride - 1 zeros between pixels: to.h = (from.h - 1) * stride + 1; for the input
   * gradient of strided convolutions.
   */
  public static Call dilate(Block from, int stride, Block to) {
    if (stride < 1
        || to.h() != (from.h() - 1) * stride + 1
        || to.w() != (from.w() - 1) * stride + 1) {
      throw Rows.mismatch(DILATE, from, to);
    }
    return call(DILATE, 0, false, from, to, Rows.at(ResampleKernels.STEP, stride));
  }

  /** For every position of the output, the position that it reads. */
  private static IntStream sources(int in, int out) {
    float scale = (float) in / out;
    return IntStream.range(0, out).map(i -> Math.min((int) (i * scale), in - 1));
  }

  /**
   * For every position of the input, the first position of the output that reads it or a later one;
   * and out at the end.
   */
  private static IntStream starts(int in, int out) {
    int[] sources = sources(in, out).toArray();
    return IntStream.rangeClosed(0, in)
        .map(i -> (int) Arrays.stream(sources).filter(s -> s < i).count());
  }

  private static void requireHalf(Kernel kernel, Block x, Block half) {
    if (half.h() != x.h() / 2 || half.w() != x.w() / 2) {
      throw Rows.mismatch(kernel, x, half);
    }
  }

  private static Call call(
      Kernel kernel, double flops, boolean accumulate, Block in, Block out, Own... own) {
    if (in.n() != out.n() || in.c() != out.c()) {
      throw Rows.mismatch(kernel, in, out);
    }
    Stream<Own> stride = Stream.of(Rows.at(ResampleKernels.STRIDE, out.stride()));
    Own[] all = Stream.concat(stride, Arrays.stream(own)).toArray(Own[]::new);
    int[] d = Rows.descriptor(accumulate, out, List.of(in), all);
    double floats = (double) in.pixels() * in.stride() + (accumulate ? 2.0 : 1.0) * out.size();
    return new Call(kernel, d, d[Rows.BOUND], flops * out.pixels() * out.c(), 4 * floats);
  }
}
