package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import java.util.Arrays;
import java.util.List;

/**
 * Group normalisation (Wu and He 2018, equation 7; biased variance as PyTorch), with an optional
 * per-image scale and shift and an optional SiLU after it. Group i is the channels i * c / groups
 * .. (i + 1) * c / groups - 1.
 */
public final class GroupNorm {
  private static final Kernel MOMENTS =
      Kernel.of(GroupNormKernels.class, "moments")
          .with(GroupNormOracles::moments)
          .with(Tiles.variant(GroupNormTileKernels.class, "moments", 1024));
  private static final Kernel COEFFICIENTS =
      Kernel.of(GroupNormKernels.class, "coefficients").with(GroupNormOracles::coefficients);
  private static final Kernel APPLY =
      Kernel.of(GroupNormKernels.class, "apply")
          .with(GroupNormOracles::apply)
          .with(Tiles.variant(GroupNormTileKernels.class, "apply", 0));
  private static final Kernel SUMS =
      Kernel.of(GroupNormKernels.class, "sums")
          .with(GroupNormOracles::sums)
          .with(Tiles.variant(GroupNormTileKernels.class, "sums", 2048));
  private static final Kernel REDUCE =
      Kernel.of(GroupNormKernels.class, "reduce")
          .with(GroupNormOracles::reduce)
          .with(Tiles.variant(GroupNormTileKernels.class, "reduce", 2048));
  private static final Kernel GRADIENT =
      Kernel.of(GroupNormKernels.class, "gradient")
          .with(GroupNormOracles::gradient)
          .with(Tiles.variant(GroupNormTileKernels.class, "gradient", 0));

  /**
   * Pixels of a chunk of an image: 16 channels of them fit into 16 KiB, a part of the first-level
   * cache.
   */
  private static final int CHUNK = 256;

  private GroupNorm() {}

  /** Floats that {@link #forward} leaves for {@link #backward}. */
  public static int statisticsSize(Block x, int groups) {
    checkGroups(x, groups);
    return x.n() * x.stride() * (4 + 2 * chunks(flat(x)));
  }

  /**
   * out = act(norm(x) * gamma + beta), or with scaleShift act((norm(x) * gamma + beta) * (1 +
   * scale) + shift).
   *
   * @param x with any border, which is skipped
   * @param groups a divisor of the number of channels
   * @param eps offset of the constant that is added to the variance
   * @param gamma [round16(c)], padding zero
   * @param beta [round16(c)], padding zero
   * @param scaleShift [n][round16(2c)], scale first, or -1
   * @param silu whether act is SiLU or nothing
   * @param statistics room for {@link #statisticsSize} floats
   * @param out of x's shape, any border (written as zeros)
   */
  public static List<Call> forward(
      Block x,
      int groups,
      int eps,
      int gamma,
      int beta,
      int scaleShift,
      boolean silu,
      int statistics,
      Block out) {
    checkGroups(x, groups);
    checkShape("output", x, out);
    Block flat = flat(x);
    int partial = statistics + 4 * x.n() * x.stride();
    int blocks = x.stride() / 16;
    double tensor = 4.0 * x.pixels() * x.stride();
    double perChannel = 4.0 * x.n() * x.stride();
    int parts = x.n() * chunks(flat);
    return List.of(
        new Call(MOMENTS, descriptor(flat, groups, statistics, partial), parts * blocks, 0, tensor),
        new Call(
            COEFFICIENTS,
            descriptor(
                flat,
                groups,
                statistics,
                partial,
                eps,
                gamma,
                beta,
                scaleShift,
                Block.round16(2 * x.c())),
            x.n() * groups,
            0,
            perChannel * (4 + 2 * chunks(flat))),
        new Call(
            APPLY,
            descriptor(
                x,
                groups,
                statistics,
                partial,
                silu ? 1 : 0,
                out.offset(),
                out.rows(),
                out.columns(),
                out.top(),
                out.left()),
            x.n() * out.rows(),
            0,
            tensor + 4.0 * out.size()));
  }

  /** Floats of scratch memory that {@link #backward} needs. */
  public static int backwardScratch(Block x, int groups) {
    checkGroups(x, groups);
    return x.n() * x.stride() * (2 + 2 * chunks(flat(x)));
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param x as in forward; its content must still be there
   * @param statistics what forward left
   * @param gradOut of x's shape, without border; its content is destroyed
   * @param gradX of x's shape, without border
   * @param accumulateX whether to add to gradX or overwrite it
   * @param gradGamma [round16(c)]
   * @param gradBeta [round16(c)]
   * @param accumulateParameters whether to add to gradGamma and gradBeta or overwrite them
   * @param gradScaleShift [n][round16(2c)] (overwritten) or -1
   * @param scratch room for {@link #backwardScratch} floats
   */
  public static List<Call> backward(
      Block x,
      int groups,
      int gamma,
      int beta,
      int scaleShift,
      boolean silu,
      int statistics,
      Block gradOut,
      Block gradX,
      boolean accumulateX,
      int gradGamma,
      int gradBeta,
      boolean accumulateParameters,
      int gradScaleShift,
      int scratch) {
    checkGroups(x, groups);
    checkShape("output gradient", x, gradOut);
    checkShape("input gradient", x, gradX);
    checkBorder("output gradient", gradOut);
    checkBorder("input gradient", gradX);
    Block flat = flat(x);
    int coefficients = scratch;
    int partial = scratch + 2 * x.n() * x.stride();
    int blocks = x.stride() / 16;
    double tensor = 4.0 * x.pixels() * x.stride();
    double perChannel = 4.0 * x.n() * x.stride();
    int parts = x.n() * chunks(flat);
    return List.of(
        new Call(
            SUMS,
            descriptor(flat, groups, statistics, partial, silu ? 1 : 0, gradOut.offset()),
            parts * blocks,
            0,
            (silu ? 3 : 2) * tensor),
        new Call(
            REDUCE,
            descriptor(
                flat,
                groups,
                statistics,
                partial,
                gradGamma,
                gradBeta,
                accumulateParameters ? 1 : 0,
                scaleShift,
                Block.round16(2 * x.c()),
                gradScaleShift,
                gamma,
                beta,
                coefficients),
            x.n() * groups + blocks,
            0,
            perChannel * (4 + 4 * chunks(flat))),
        new Call(
            GRADIENT,
            descriptor(
                x,
                groups,
                statistics,
                partial,
                gradOut.offset(),
                gradX.offset(),
                accumulateX ? 1 : 0,
                coefficients),
            x.n() * x.h(),
            0,
            (accumulateX ? 4 : 3) * tensor));
  }

  /** The head of the descriptor that all kernels share, then the kernel's own part. */
  private static int[] descriptor(Block x, int groups, int statistics, int partial, int... own) {
    int[] head = {
      x.n(),
      x.h(),
      x.w(),
      x.stride(),
      x.interior(),
      x.rows() * x.columns() * x.stride(),
      x.columns() * x.stride(),
      chunkRows(x),
      chunks(x),
      x.c(),
      groups,
      statistics,
      partial
    };
    int[] all = Arrays.copyOf(head, head.length + own.length);
    System.arraycopy(own, 0, all, head.length, own.length);
    return all;
  }

  /** Small images without border as one long row: loops of a useful length. */
  private static Block flat(Block x) {
    boolean borderless = x.rows() == x.h() && x.columns() == x.w();
    return borderless && x.h() * x.w() <= CHUNK
        ? Block.of(x.offset(), x.n(), 1, x.h() * x.w(), x.c())
        : x;
  }

  private static int chunkRows(Block x) {
    return Math.max(1, CHUNK / x.w());
  }

  private static int chunks(Block x) {
    return (x.h() + chunkRows(x) - 1) / chunkRows(x);
  }

  private static void checkGroups(Block x, int groups) {
    if (groups < 1 || x.c() % groups != 0) {
      throw new IllegalArgumentException(
          "%d channels cannot be split into %d groups: choose a divisor".formatted(x.c(), groups));
    }
  }

  private static void checkShape(String what, Block x, Block other) {
    if (x.n() != other.n() || x.h() != other.h() || x.w() != other.w() || x.c() != other.c()) {
      throw new IllegalArgumentException(
          "Group normalisation of %s: the %s is %s".formatted(x, what, other));
    }
  }

  private static void checkBorder(String what, Block block) {
    if (block.rows() != block.h() || block.columns() != block.w()) {
      throw new IllegalArgumentException(
          "Group normalisation: the %s %s must not have a border".formatted(what, block));
    }
  }
}
