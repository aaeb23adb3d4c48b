package io.github.tornadodiffusion.kernels;

import java.util.Arrays;
import java.util.List;

/**
 * The descriptor of kernels that touch every element of blocks. Each iteration writes one row of
 * the output, border rows included. The descriptor holds the output, then {@link #PER_INPUT} places
 * for every block that is read, then the kernel's own places. A second parallel loop within the row
 * is for GPUs, where many threads share a row. Each of these threads executes what precedes that
 * loop, so each writes the zeros of the border.
 *
 * <p>The places are constants that the compiler folds, so that kernels read them by name at no
 * cost. Lengths and distances are in floats.
 */
public final class Rows {
  /** Iterations: rows of all images, with border. */
  public static final int BOUND = 0;

  /** Rows of an image, with border. */
  public static final int ROWS = 1;

  /** Rows of the border above. */
  public static final int TOP = 2;

  /** Rows of an image, without border. */
  public static final int H = 3;

  /** Length of the border on the left. */
  public static final int LEFT = 4;

  /** Length of a row, without border. */
  public static final int LENGTH = 5;

  /** Length of a row, with border. */
  public static final int PITCH = 6;

  /** Offset of the output, border included. */
  public static final int OUT = 7;

  /** 1 to add to the output, 0 to overwrite it. */
  public static final int ACCUMULATE = 8;

  /** Offset of the first pixel of the first input. */
  public static final int IN = 9;

  /** Distance from row to row of the first input. */
  public static final int IN_ROW = 10;

  /** Distance from image to image of the first input. */
  public static final int IN_IMAGE = 11;

  /** Places of an input: with n inputs, the kernel's own places start at IN + n * PER_INPUT. */
  public static final int PER_INPUT = 3;

  /** The second input, as {@link #IN}. */
  public static final int SECOND = IN + PER_INPUT;

  /** The second input, as {@link #IN_ROW}. */
  public static final int SECOND_ROW = IN_ROW + PER_INPUT;

  /** The second input, as {@link #IN_IMAGE}. */
  public static final int SECOND_IMAGE = IN_IMAGE + PER_INPUT;

  /** The third input, as {@link #IN}. */
  public static final int THIRD = SECOND + PER_INPUT;

  /** The fourth input, as {@link #IN}. */
  public static final int FOURTH = THIRD + PER_INPUT;

  /**
   * Blocks without a border are divided into rows of at least and at most this many floats, as far
   * as their sizes allow.
   */
  private static final int SHORTEST = 4096;

  private static final int LONGEST = 32768;

  /** Values of a kernel's own places, from {@code place} on. */
  public record Own(int place, int... values) {}

  private Rows() {}

  /** Values for {@link #call}, which the kernel reads from {@code place} on. */
  public static Own at(int place, int... values) {
    return new Own(place, values);
  }

  /**
   * The descriptor of a kernel that writes {@code out} row by row.
   *
   * @param own the kernel's own places, in their order and without gaps
   */
  public static int[] descriptor(boolean accumulate, Block out, List<Block> inputs, Own... own) {
    if (accumulate && hasBorder(out)) {
      throw new IllegalArgumentException("Cannot accumulate into a block with a border: " + out);
    }
    int next = IN + inputs.size() * PER_INPUT;
    int[] d = new int[next + Arrays.stream(own).mapToInt(o -> o.values.length).sum()];
    d[BOUND] = out.n() * out.rows();
    d[ROWS] = out.rows();
    d[TOP] = out.top();
    d[H] = out.h();
    d[LEFT] = out.left() * out.stride();
    d[LENGTH] = out.w() * out.stride();
    d[PITCH] = out.columns() * out.stride();
    d[OUT] = out.offset();
    d[ACCUMULATE] = accumulate ? 1 : 0;
    for (int i = 0; i < inputs.size(); i++) {
      Block in = inputs.get(i);
      int step = i * PER_INPUT;
      d[IN + step] = in.interior();
      d[IN_ROW + step] = in.columns() * in.stride();
      d[IN_IMAGE + step] = in.rows() * in.columns() * in.stride();
    }
    for (Own o : own) {
      if (o.place != next) {
        throw new IllegalArgumentException(
            "A kernel's own place is %d: the next free one is %d".formatted(o.place, next));
      }
      System.arraycopy(o.values, 0, d, next, o.values.length);
      next += o.values.length;
    }
    return d;
  }

  /**
   * A call whose blocks agree in images, rows and columns. Without borders, pixels can be divided
   * into rows at will: rows are made long enough to be worth an iteration and short enough to
   * occupy all threads.
   *
   * @param flops floating-point operations per element
   * @param own the kernel's own places, see {@link #at}
   */
  public static Call call(
      Kernel kernel, double flops, boolean accumulate, Block out, List<Block> inputs, Own... own) {
    if (hasBorder(out) || inputs.stream().anyMatch(Rows::hasBorder)) {
      return callByImage(kernel, flops, accumulate, out, inputs, own);
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
        kernel, flops, accumulate, Block.of(out.offset(), 1, h, w, out.c()), walked, own);
  }

  /** Like {@link #call} for kernels that need to know the image: rows are left as they are. */
  public static Call callByImage(
      Kernel kernel, double flops, boolean accumulate, Block out, List<Block> inputs, Own... own) {
    requireSamePixels(kernel, out, inputs);
    int[] d = descriptor(accumulate, out, inputs, own);
    double floats = (accumulate ? 2.0 : 1.0) * out.size();
    for (Block in : inputs) {
      floats += (double) in.pixels() * in.stride();
    }
    return new Call(kernel, d, d[BOUND], flops * out.pixels() * out.c(), 4 * floats);
  }

  private static void requireSamePixels(Kernel kernel, Block out, List<Block> inputs) {
    for (Block in : inputs) {
      if (in.n() != out.n() || in.h() != out.h() || in.w() != out.w()) {
        throw mismatch(kernel, in, out);
      }
    }
  }

  /** The exception for shapes that do not fit. */
  public static IllegalArgumentException mismatch(Kernel kernel, Block in, Block out) {
    return new IllegalArgumentException(
        "%s: shapes do not fit: %s and %s".formatted(kernel.id(), in, out));
  }

  /** Requires blocks of as many channels as the output has. */
  public static void requireSameChannels(Kernel kernel, Block out, Block... inputs) {
    for (Block in : inputs) {
      if (in.c() != out.c()) {
        throw mismatch(kernel, in, out);
      }
    }
  }

  /** Requires blocks without a border. */
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

  /** For kernels: how many floats of row y to compute, none in a border row. */
  public static int inner(int y, int h, int floats) {
    return y < 0 ? 0 : (y < h ? floats : 0);
  }

  /** For kernels: y limited to 0 .. h - 1, so that a border row does not read beyond a table. */
  public static int clamp(int y, int h) {
    return y < 0 ? 0 : (y < h ? y : h - 1);
  }
}
