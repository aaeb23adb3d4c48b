package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Apply;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Coefficients;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Common;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Gradient;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Reduce;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels.Sums;
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

  /** Floats that {@link #forward} saves for {@link #backward}. */
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
    int[] moments = descriptor(Common.SIZE, flat, groups, statistics, partial);
    int[] coefficients = descriptor(Coefficients.SIZE, flat, groups, statistics, partial);
    coefficients[Coefficients.EPS] = eps;
    coefficients[Coefficients.GAMMA] = gamma;
    coefficients[Coefficients.BETA] = beta;
    coefficients[Coefficients.SCALE_SHIFT] = scaleShift;
    coefficients[Coefficients.SCALE_STRIDE] = Block.round16(2 * x.c());
    int[] apply = descriptor(Apply.SIZE, x, groups, statistics, partial);
    apply[Apply.SILU] = silu ? 1 : 0;
    apply[Apply.OUT] = out.offset();
    apply[Apply.OUT_ROWS] = out.rows();
    apply[Apply.OUT_COLUMNS] = out.columns();
    apply[Apply.TOP] = out.top();
    apply[Apply.LEFT] = out.left();
    return List.of(
        new Call(MOMENTS, moments, parts * blocks, 0, tensor),
        new Call(
            COEFFICIENTS, coefficients, x.n() * groups, 0, perChannel * (4 + 2 * chunks(flat))),
        new Call(APPLY, apply, x.n() * out.rows(), 0, tensor + 4.0 * out.size()));
  }

  /** Floats of scratch memory that {@link #backward} needs. */
  public static int backwardScratch(Block x, int groups) {
    checkGroups(x, groups);
    return x.n() * x.stride() * (2 + 2 * chunks(flat(x)));
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param x as in forward, with the same content
   * @param statistics what forward saved
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
    int[] sums = descriptor(Sums.SIZE, flat, groups, statistics, partial);
    sums[Sums.SILU] = silu ? 1 : 0;
    sums[Sums.GRAD_OUT] = gradOut.offset();
    int[] reduce = descriptor(Reduce.SIZE, flat, groups, statistics, partial);
    reduce[Reduce.GRAD_GAMMA] = gradGamma;
    reduce[Reduce.GRAD_BETA] = gradBeta;
    reduce[Reduce.ACCUMULATE] = accumulateParameters ? 1 : 0;
    reduce[Reduce.SCALE_SHIFT] = scaleShift;
    reduce[Reduce.SCALE_STRIDE] = Block.round16(2 * x.c());
    reduce[Reduce.GRAD_SCALE_SHIFT] = gradScaleShift;
    reduce[Reduce.GAMMA] = gamma;
    reduce[Reduce.BETA] = beta;
    reduce[Reduce.COEFFICIENTS] = coefficients;
    int[] gradient = descriptor(Gradient.SIZE, x, groups, statistics, partial);
    gradient[Gradient.DZ] = gradOut.offset();
    gradient[Gradient.GRAD_X] = gradX.offset();
    gradient[Gradient.ACCUMULATE] = accumulateX ? 1 : 0;
    gradient[Gradient.COEFFICIENTS] = coefficients;
    return List.of(
        new Call(SUMS, sums, parts * blocks, 0, (silu ? 3 : 2) * tensor),
        new Call(REDUCE, reduce, x.n() * groups + blocks, 0, perChannel * (4 + 4 * chunks(flat))),
        new Call(GRADIENT, gradient, x.n() * x.h(), 0, (accumulateX ? 4 : 3) * tensor));
  }

  /** A descriptor of the given length with the common places filled in. */
  private static int[] descriptor(int size, Block x, int groups, int statistics, int partial) {
    int[] d = new int[size];
    d[Common.IMAGES] = x.n();
    d[Common.H] = x.h();
    d[Common.W] = x.w();
    d[Common.STRIDE] = x.stride();
    d[Common.X] = x.interior();
    d[Common.X_IMAGE] = x.rows() * x.columns() * x.stride();
    d[Common.X_ROW] = x.columns() * x.stride();
    d[Common.CHUNK_ROWS] = chunkRows(x);
    d[Common.CHUNKS] = chunks(x);
    d[Common.CHANNELS] = x.c();
    d[Common.GROUPS] = groups;
    d[Common.STATISTICS] = statistics;
    d[Common.PARTIAL] = partial;
    return d;
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
