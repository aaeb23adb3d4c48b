package io.github.tornadodiffusion.kernels;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How kernels that touch every element walk over blocks: one iteration a row of the output, border
 * rows included. Their descriptors start with {@link #output}, followed by one {@link #input} for
 * every block that is read. A second parallel loop within the row is for GPUs, whose threads share
 * a row; what stands before it, the zeros of the border, every one of them writes.
 */
public final class Rows {
  /**
   * Rows of blocks without border are joined or halved until a row has at least and at most so many
   * floats.
   */
  private static final int SHORTEST = 4096;

  private static final int LONGEST = 32768;

  private Rows() {}

  /**
   * Descriptor places 0 to 8: iterations, rows with border, border above, rows without border,
   * floats of the border on the left, of the pixels between, and of the whole row, offset,
   * accumulate.
   */
  public static IntStream output(Block out, boolean accumulate) {
    if (accumulate && hasBorder(out)) {
      throw new IllegalArgumentException("Cannot accumulate into a block with a border: " + out);
    }
    return IntStream.of(
        out.n() * out.rows(),
        out.rows(),
        out.top(),
        out.h(),
        out.left() * out.stride(),
        out.w() * out.stride(),
        out.columns() * out.stride(),
        out.offset(),
        accumulate ? 1 : 0);
  }

  /**
   * Three descriptor places: offset of the first pixel, floats from row to row, floats from image
   * to image.
   */
  public static IntStream input(Block in) {
    int row = in.columns() * in.stride();
    return IntStream.of(in.interior(), row, in.rows() * row);
  }

  /**
   * A call whose blocks agree in images, rows and columns. Without borders, how the pixels are cut
   * into rows is free: rows are made long enough to be worth an iteration and short enough to
   * share.
   *
   * @param flops floating-point operations an element
   * @param extras descriptor places after output and inputs
   */
  public static Call call(
      Kernel kernel,
      double flops,
      boolean accumulate,
      Block out,
      List<Block> inputs,
      int... extras) {
    if (hasBorder(out) || inputs.stream().anyMatch(Rows::hasBorder)) {
      return callByImage(kernel, flops, accumulate, out, inputs, extras);
    }
    requireSamePixels(kernel, out, inputs);
    int h = out.n() * out.h();
    int w = out.w();
    while (w * out.stride() < SHORTEST && h % 2 == 0) {
      h /= 2;
      w *= 2;
    }
    while (w * out.stride() > LONGEST && w % 2 == 0) {
      h *= 2;
      w /= 2;
    }
    int rows = h;
    int columns = w;
    List<Block> walked =
        inputs.stream().map(b -> Block.of(b.offset(), 1, rows, columns, b.c())).toList();
    return callByImage(
        kernel, flops, accumulate, Block.of(out.offset(), 1, h, w, out.c()), walked, extras);
  }

  /** Like {@link #call} for kernels that need to know the image: rows stay what they are. */
  public static Call callByImage(
      Kernel kernel,
      double flops,
      boolean accumulate,
      Block out,
      List<Block> inputs,
      int... extras) {
    requireSamePixels(kernel, out, inputs);
    IntStream descriptor = output(out, accumulate);
    double floats = (accumulate ? 2.0 : 1.0) * out.size();
    for (Block in : inputs) {
      descriptor = IntStream.concat(descriptor, input(in));
      floats += (double) in.pixels() * in.stride();
    }
    int[] d = IntStream.concat(descriptor, Arrays.stream(extras)).toArray();
    return new Call(kernel, d, d[0], flops * out.pixels() * out.c(), 4 * floats);
  }

  private static void requireSamePixels(Kernel kernel, Block out, List<Block> inputs) {
    for (Block in : inputs) {
      if (in.n() != out.n() || in.h() != out.h() || in.w() != out.w()) {
        throw mismatch(kernel, in, out);
      }
    }
  }

  public static IllegalArgumentException mismatch(Kernel kernel, Block in, Block out) {
    return new IllegalArgumentException(
        "%s: shapes do not fit: %s and %s".formatted(kernel.id(), in, out));
  }

  public static void requireSameChannels(Kernel kernel, Block out, Block... inputs) {
    for (Block in : inputs) {
      if (in.c() != out.c()) {
        throw mismatch(kernel, in, out);
      }
    }
  }

  public static void requireNoBorder(Kernel kernel, Block... blocks) {
    for (Block block : blocks) {
      if (hasBorder(block)) {
        throw new IllegalArgumentException(kernel.id() + ": must be without border: " + block);
      }
    }
  }

  /** Requires rows of a matrix, [n, 1, 1, c]. */
  public static void requireRows(Kernel kernel, Block block) {
    requireNoBorder(kernel, block);
    if (block.h() != 1 || block.w() != 1) {
      throw new IllegalArgumentException(kernel.id() + ": must be rows [n, 1, 1, c]: " + block);
    }
  }

  static boolean hasBorder(Block b) {
    return b.top() + b.left() + b.bottom() + b.right() > 0;
  }

  /** In kernels: floats to compute in row y, which is none in a border row. */
  public static int inner(int y, int h, int floats) {
    return y < 0 ? 0 : (y < h ? floats : 0);
  }

  /** In kernels: y moved into 0 .. h - 1, so that a border row does not read beyond a table. */
  public static int clamp(int y, int h) {
    return y < 0 ? 0 : (y < h ? y : h - 1);
  }
}
