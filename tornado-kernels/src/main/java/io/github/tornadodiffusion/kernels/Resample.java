package io.github.tornadodiffusion.kernels;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Changes of resolution; all of it is bound by memory. Conventions of borders and accumulate as in
 * {@link Elementwise}, but no block may be another one of the same call.
 */
public final class Resample {
  private static final String OWNER = "ResampleKernels";

  private Resample() {}

  /**
   * Nearest neighbour to any size, as torch.nn.functional.interpolate(mode="nearest"): the source
   * row of row y is floor(y * scale), scale = float(x.h) / out.h in single precision, and likewise
   * for columns.
   */
  public static Call nearest(Block x, Block out) {
    IntStream tables = IntStream.concat(sources(x.h(), out.h()), sources(x.w(), out.w()));
    return call("nearest", 0, false, x, out, tables);
  }

  /**
   * Gradient of {@link #nearest}: every pixel of gradX gathers the pixels that it was copied to.
   */
  public static Call nearestBackward(Block gradOut, Block gradX, boolean accumulate) {
    IntStream tables =
        IntStream.concat(starts(gradX.h(), gradOut.h()), starts(gradX.w(), gradOut.w()));
    return call("nearestBackward", 1, accumulate, gradOut, gradX, tables);
  }

  /**
   * 2x2 average pooling with stride 2; out.h = x.h / 2, so that the last row of an odd height is
   * left out.
   */
  public static Call averagePool(Block x, Block out) {
    requireHalf("averagePool", x, out);
    return call("averagePool", 4, false, x, out, IntStream.empty());
  }

  /** Gradient of {@link #averagePool}. */
  public static Call averagePoolBackward(Block gradOut, Block gradX, boolean accumulate) {
    requireHalf("averagePoolBackward", gradX, gradOut);
    return call(
        "averagePoolBackward",
        1,
        accumulate,
        gradOut,
        gradX,
        IntStream.of(gradOut.h(), gradOut.w()));
  }

  /**
   * Inserts stride - 1 zeros between pixels: to.h = (from.h - 1) * stride + 1; for the input
   * gradient of strided convolutions.
   */
  public static Call dilate(Block from, int stride, Block to) {
    if (stride < 1
        || to.h() != (from.h() - 1) * stride + 1
        || to.w() != (from.w() - 1) * stride + 1) {
      throw Rows.mismatch(new Kernel(OWNER, "dilate"), from, to);
    }
    return call("dilate", 0, false, from, to, IntStream.of(stride));
  }

  /** For every position of the output, where it is read. */
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

  private static void requireHalf(String method, Block x, Block half) {
    if (half.h() != x.h() / 2 || half.w() != x.w() / 2) {
      throw Rows.mismatch(new Kernel(OWNER, method), x, half);
    }
  }

  private static Call call(
      String method, double flops, boolean accumulate, Block in, Block out, IntStream extras) {
    Kernel kernel = new Kernel(OWNER, method);
    if (in.n() != out.n() || in.c() != out.c()) {
      throw Rows.mismatch(kernel, in, out);
    }
    IntStream blocks = IntStream.concat(Rows.output(out, accumulate), Rows.input(in));
    int[] d =
        IntStream.concat(blocks, IntStream.concat(IntStream.of(out.stride()), extras)).toArray();
    double floats = (double) in.pixels() * in.stride() + (accumulate ? 2.0 : 1.0) * out.size();
    return new Call(kernel, d, d[0], flops * out.pixels() * out.c(), 4 * floats);
  }
}
