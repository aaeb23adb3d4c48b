package io.github.tornadodiffusion.kernels.ops.product;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels.Multiply;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The descriptor that covers convolutions, their gradients, matrix products and sums of rows,
 * {@code out[r][o] = start[r][o] + sum over k of left[r][k] * right[k][o]}: it says where {@link
 * ProductTileKernels} finds everything. A launch does {@link #COUNT} products, each with the places
 * from {@link #ROWS} on, {@link #SIZE} of them.
 *
 * <p>Rows of left and steps k have coordinates: an index i is (i2 * n1 + i1) * n0 + i0 and lies at
 * i2 * s2 + i1 * s1 + i0 * s0. Columns come in panels of 16.
 */
public final class ProductTile {
  /** Products of the launch, none of which needs what another one writes. */
  public static final int COUNT = 0;

  /** Rows of left and of the result. */
  public static final int ROWS = 1;

  /** Columns of right and of the result, with padding. */
  public static final int COLUMNS = 2;

  /** Steps k of a batch. */
  public static final int DEPTH = 3;

  /** Steps of the last batch. */
  public static final int LAST_DEPTH = 4;

  /** The number of matrices, which are stored one after another. */
  public static final int BATCHES = 5;

  /** First float of left, or -1 for a left of ones. */
  public static final int LEFT = 6;

  /** Of left, floats from batch to batch. */
  public static final int LEFT_BATCH = 7;

  /** Where the coordinates of a row start. */
  public static final int LEFT_ROW = 8;

  /** Where the coordinates of a step of left start. */
  public static final int LEFT_STEP = 13;

  /** The place of s0, counted from where coordinates start, the place of n0. */
  public static final int S0 = 1;

  /** See {@link #S0}. */
  public static final int N1 = 2;

  /** See {@link #S0}. */
  public static final int S1 = 3;

  /** See {@link #S0}. */
  public static final int S2 = 4;

  /** First float of right. */
  public static final int RIGHT = 18;

  /** Of right, floats from batch to batch. */
  public static final int RIGHT_BATCH = 19;

  /** Where the coordinates of a step of right start. */
  public static final int RIGHT_STEP = 20;

  /** Of right, floats from panel to panel. */
  public static final int RIGHT_PANEL = 25;

  /** Of right, floats from column to column of a panel. */
  public static final int RIGHT_COLUMN = 26;

  /** First float of the result. */
  public static final int OUT = 27;

  /** Of the result, floats from batch to batch. */
  public static final int OUT_BATCH = 28;

  /** Of the result, floats from row to row. */
  public static final int OUT_ROW = 29;

  /** Of the result, floats from panel to panel. */
  public static final int OUT_PANEL = 30;

  /**
   * First float of what the sums start from; if all its distances are 0, it is the zero at the
   * start of the arena.
   */
  public static final int START = 31;

  /** Of the start, floats from row to row. */
  public static final int START_ROW = 32;

  /** Of the start, floats from panel to panel. */
  public static final int START_PANEL = 33;

  /** Of the start, floats from column to column. */
  public static final int START_COLUMN = 34;

  /** A row to add to every row, or -1. */
  public static final int ADDED = 35;

  /** Rows that are each added to several rows of the result, or -1. */
  public static final int SHARED = 36;

  /** How many rows of the result each shared row is added to. */
  public static final int SHARED_ROWS = 37;

  /** Places of a product. */
  public static final int SIZE = 37;

  /** The kernel that reads this descriptor. */
  public static final Kernel KERNEL =
      Tiles.kernel(ProductTileKernels.class, "product", 15_904).joining(ProductTile::join);

  private ProductTile() {}

  /** The descriptor of {@link MatMulKernels#multiply}, translated. */
  public static int[] matrices(int[] d) {
    int depth = d[Multiply.K];
    int rows = d[Multiply.M];
    int columns = d[Multiply.STRIDE];
    int[] p = product(rows, columns, depth);
    p[BATCHES] = d[Multiply.BATCH];
    p[LEFT] = d[Multiply.A];
    p[LEFT_BATCH] = d[Multiply.A_MATRIX];
    coordinates(p, LEFT_ROW, rows, d[Multiply.A_ROW], 1, 0, 0);
    coordinates(p, LEFT_STEP, depth, d[Multiply.A_COLUMN], 1, 0, 0);
    p[RIGHT] = d[Multiply.PACKED];
    p[RIGHT_BATCH] = d[Multiply.PACKED_MATRIX];
    coordinates(p, RIGHT_STEP, depth, 16, 1, 0, 0);
    p[RIGHT_PANEL] = 16 * depth;
    p[OUT] = d[Multiply.C];
    p[OUT_BATCH] = d[Multiply.C_MATRIX];
    p[OUT_ROW] = d[Multiply.C_ROW];
    p[OUT_PANEL] = d[Multiply.C_PANEL];
    return p;
  }

  /**
   * The descriptor of one product of one batch that starts from zero, with nothing to add and no
   * offsets yet.
   */
  public static int[] product(int rows, int columns, int depth) {
    int[] p = new int[1 + SIZE];
    p[COUNT] = 1;
    p[ROWS] = rows;
    p[COLUMNS] = columns;
    p[DEPTH] = depth;
    p[LAST_DEPTH] = depth;
    p[BATCHES] = 1;
    coordinates(p, LEFT_ROW, rows, 0, 1, 0, 0);
    coordinates(p, LEFT_STEP, depth, 0, 1, 0, 0);
    p[RIGHT_COLUMN] = 1;
    p[ADDED] = -1;
    p[SHARED] = -1;
    p[SHARED_ROWS] = 1;
    return p;
  }

  /**
   * Sets n0, s0, n1, s1 and s2.
   *
   * @param at {@link #LEFT_ROW}, {@link #LEFT_STEP} or {@link #RIGHT_STEP}
   */
  public static void coordinates(int[] p, int at, int n0, int s0, int n1, int s1, int s2) {
    p[at] = n0;
    p[at + S0] = s0;
    p[at + N1] = n1;
    p[at + S1] = s1;
    p[at + S2] = s2;
  }

  /** One launch of two, if none of their products needs what one of the other launch writes. */
  private static Optional<Call> join(Call first, Call second) {
    List<Reach> firsts = reaches(first.descriptor());
    List<Reach> seconds = reaches(second.descriptor());
    if (firsts.stream().anyMatch(a -> seconds.stream().anyMatch(a::disturbs))) {
      return Optional.empty();
    }
    int[] a = first.descriptor();
    int[] b = second.descriptor();
    int[] both = Arrays.copyOf(a, a.length + b.length - 1);
    System.arraycopy(b, 1, both, a.length, b.length - 1);
    both[COUNT] = a[COUNT] + b[COUNT];
    return Optional.of(
        new Call(
            KERNEL,
            both,
            first.extent() + second.extent(),
            first.flops() + second.flops(),
            first.bytes() + second.bytes()));
  }

  private static List<Reach> reaches(int[] d) {
    return IntStream.range(0, d[COUNT])
        .mapToObj(i -> Arrays.copyOfRange(d, i * SIZE, (i + 1) * SIZE + 1))
        .map(Reach::of)
        .toList();
  }

  /** Floats {@code from .. to} of the arena, with some between them that are not touched. */
  private record Span(long from, long to) {
    static Span of(long from, long... distances) {
      long to = from;
      for (long distance : distances) {
        from += Math.min(distance, 0);
        to += Math.max(distance, 0);
      }
      return new Span(from, to);
    }

    boolean meets(Span other) {
      return from <= other.to && other.from <= to;
    }
  }

  /** What a product writes and what it reads. */
  private record Reach(Span out, List<Span> in) {
    static Reach of(int[] p) {
      long batch = p[BATCHES] - 1L;
      long row = p[ROWS] - 1L;
      long panel = (p[COLUMNS] - 1L) / 16;
      int steps = Math.max(p[DEPTH], p[LAST_DEPTH]);
      Span out = Span.of(p[OUT], batch * p[OUT_BATCH], row * p[OUT_ROW], panel * p[OUT_PANEL], 15);
      List<Span> in = new ArrayList<>();
      if (p[LEFT] >= 0) {
        in.add(
            Span.of(
                p[LEFT],
                batch * p[LEFT_BATCH],
                i0(p, LEFT_ROW, p[ROWS]),
                i1(p, LEFT_ROW, p[ROWS]),
                i2(p, LEFT_ROW, p[ROWS]),
                i0(p, LEFT_STEP, steps),
                i1(p, LEFT_STEP, steps),
                i2(p, LEFT_STEP, steps)));
      }
      in.add(
          Span.of(
              p[RIGHT],
              batch * p[RIGHT_BATCH],
              i0(p, RIGHT_STEP, steps),
              i1(p, RIGHT_STEP, steps),
              i2(p, RIGHT_STEP, steps),
              panel * p[RIGHT_PANEL],
              15L * p[RIGHT_COLUMN]));
      in.add(Span.of(p[START], row * p[START_ROW], panel * p[START_PANEL], 15L * p[START_COLUMN]));
      if (p[ADDED] >= 0) {
        in.add(Span.of(p[ADDED], p[COLUMNS]));
      }
      if (p[SHARED] >= 0) {
        in.add(Span.of(p[SHARED], (row / p[SHARED_ROWS] + 1) * p[COLUMNS]));
      }
      return new Reach(out, in);
    }

    private static long i0(int[] p, int at, int count) {
      return (Math.min(p[at], count) - 1L) * p[at + S0];
    }

    private static long i1(int[] p, int at, int count) {
      return Math.min(p[at + N1] - 1L, (count - 1) / p[at]) * p[at + S1];
    }

    private static long i2(int[] p, int at, int count) {
      return (count - 1L) / p[at] / p[at + N1] * p[at + S2];
    }

    boolean disturbs(Reach other) {
      return out.meets(other.out)
          || other.in.stream().anyMatch(out::meets)
          || in.stream().anyMatch(other.out::meets);
    }
  }
}
