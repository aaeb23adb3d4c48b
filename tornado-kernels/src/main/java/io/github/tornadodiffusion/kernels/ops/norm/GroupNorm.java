package io.github.tornadodiffusion.kernels.ops.norm;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Capability;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import io.github.tornadodiffusion.kernels.Variant;
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
      Kernel.of(GroupNormKernels.class, "apply").with(GroupNormOracles::apply);
  private static final Kernel NORMALISE =
      Kernel.of(GroupNorm.class, "normalise")
          .with(GroupNormOracles::normalise)
          .with(Tiles.variant(GroupNormTileKernels.class, "normalise", 1024))
          .with(inTurn(COEFFICIENTS, APPLY));
  private static final Kernel SUMS =
      Kernel.of(GroupNormKernels.class, "sums")
          .with(GroupNormOracles::sums)
          .with(Tiles.variant(GroupNormTileKernels.class, "sums", 2048));
  private static final Kernel REDUCE =
      Kernel.of(GroupNormKernels.class, "reduce").with(GroupNormOracles::reduce);
  private static final Kernel GRADIENT =
      Kernel.of(GroupNormKernels.class, "gradient").with(GroupNormOracles::gradient);
  private static final Kernel GRADIENTS =
      Kernel.of(GroupNorm.class, "gradients")
          .with(GroupNormOracles::gradients)
          .with(Tiles.variant(GroupNormTileKernels.class, "gradients", 2048))
          .with(inTurn(REDUCE, GRADIENT));

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
    int[] normalise = descriptor(Apply.SIZE, x, groups, statistics, partial);
    normalise[Coefficients.EPS] = eps;
    normalise[Coefficients.GAMMA] = gamma;
    normalise[Coefficients.BETA] = beta;
    normalise[Coefficients.SCALE_SHIFT] = scaleShift;
    normalise[Coefficients.SCALE_STRIDE] = Block.round16(2 * x.c());
    normalise[Apply.SILU] = silu ? 1 : 0;
    normalise[Apply.OUT] = out.offset();
    normalise[Apply.OUT_ROWS] = out.rows();
    normalise[Apply.OUT_COLUMNS] = out.columns();
    normalise[Apply.TOP] = out.top();
    normalise[Apply.LEFT] = out.left();
    double bytes = perChannel * (4 + 2 * chunks(flat)) + tensor + 4.0 * out.size();
    return List.of(
        new Call(MOMENTS, moments, parts * blocks, 0, tensor),
        new Call(NORMALISE, normalise, x.n() * out.rows(), 0, bytes));
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
    int[] gradients = descriptor(Gradient.SIZE, x, groups, statistics, partial);
    gradients[Reduce.GRAD_GAMMA] = gradGamma;
    gradients[Reduce.GRAD_BETA] = gradBeta;
    gradients[Reduce.ACCUMULATE_PARAMETERS] = accumulateParameters ? 1 : 0;
    gradients[Reduce.SCALE_SHIFT] = scaleShift;
    gradients[Reduce.SCALE_STRIDE] = Block.round16(2 * x.c());
    gradients[Reduce.GRAD_SCALE_SHIFT] = gradScaleShift;
    gradients[Reduce.GAMMA] = gamma;
    gradients[Reduce.BETA] = beta;
    gradients[Reduce.COEFFICIENTS] = coefficients;
    gradients[Gradient.DZ] = gradOut.offset();
    gradients[Gradient.GRAD_X] = gradX.offset();
    gradients[Gradient.ACCUMULATE] = accumulateX ? 1 : 0;
    double bytes = perChannel * (4 + 4 * chunks(flat)) + (accumulateX ? 4 : 3) * tensor;
    return List.of(
        new Call(SUMS, sums, parts * blocks, 0, (silu ? 3 : 2) * tensor),
        new Call(GRADIENTS, gradients, x.n() * x.h(), 0, bytes));
  }

  /** A kernel for each channel or group of an image, then one for each row. */
  private static Variant inTurn(Kernel perChannel, Kernel perRow) {
    return new Variant(
        Capability.NOTHING,
        List.of(perChannel, perRow),
        call -> true,
        call -> 0,
        (call, scratch) -> {
          int[] d = call.descriptor();
          int groups = d[Common.IMAGES] * d[Common.GROUPS] + d[Common.STRIDE] / 16;
          double small = 4.0 * d[Common.IMAGES] * d[Common.STRIDE] * (4 + 2 * d[Common.CHUNKS]);
          return List.of(
              new Call(perChannel, d, groups, 0, small),
              new Call(perRow, d, call.extent(), call.flops(), call.bytes() - small));
        });
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
