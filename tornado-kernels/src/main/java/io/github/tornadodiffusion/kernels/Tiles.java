package io.github.tornadodiffusion.kernels;

import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionTileKernels;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels;
import io.github.tornadodiffusion.kernels.ops.conv.ConvProduct;
import io.github.tornadodiffusion.kernels.ops.loss.LossKernels;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundKernels;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormTileKernels;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels;
import io.github.tornadodiffusion.kernels.ops.product.MatMulKernels;
import io.github.tornadodiffusion.kernels.ops.product.ProductTile;
import io.github.tornadodiffusion.kernels.ops.product.ProductTileKernels;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceTileKernels;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The variants of kernels for work groups that share local memory: how a GPU computes what {@link
 * Call}s ask for. Plain data, so that no TornadoVM is needed to know it.
 *
 * <p>Such a kernel is a method {@code void method(KernelContext, FloatArray arena, IntArray
 * descriptor)}. Its work groups take turns at the tiles. What TornadoVM asks of it:
 *
 * <ul>
 *   <li>Only the method that takes local memory uses it: handed to another method, an array is
 *       addressed wrongly.
 *   <li>A barrier does not hold back loads: TornadoVM moves them to where their value is used. So
 *       what is loaded from local memory is used up in a loop of unknown length or by a store
 *       before the next barrier.
 *   <li>All threads of a work group meet at every barrier, so bounds are the same for all of them.
 * </ul>
 */
public final class Tiles {
  /** Threads of a work group. */
  public static final int THREADS = 256;

  private static final Kernel PRODUCT = new Kernel(ProductTileKernels.class, "product");

  /** Bytes of local memory that a work group of each variant takes. */
  private static final Map<Kernel, Integer> LOCAL_BYTES = new HashMap<>();

  /** For every kernel that has a variant: that variant, and what it makes of the descriptor. */
  private static final Map<Kernel, Variant> VARIANTS = new HashMap<>();

  private record Variant(Kernel kernel, UnaryOperator<int[]> descriptor) {}

  static {
    LOCAL_BYTES.put(PRODUCT, 15_232);
    VARIANTS.put(
        new Kernel(ConvKernels.class, "forward"), new Variant(PRODUCT, ConvProduct::forward));
    VARIANTS.put(
        new Kernel(ConvKernels.class, "weightGradient"),
        new Variant(PRODUCT, ConvProduct::weightGradient));
    VARIANTS.put(
        new Kernel(MatMulKernels.class, "multiply"), new Variant(PRODUCT, ProductTile::matrices));
    add(AttentionKernels.class, AttentionTileKernels.class, "forward", 19_456);
    add(AttentionKernels.class, AttentionTileKernels.class, "queries", 19_456);
    add(AttentionKernels.class, AttentionTileKernels.class, "keys", 19_456);
    add(GroupNormKernels.class, GroupNormTileKernels.class, "moments", 1024);
    add(GroupNormKernels.class, GroupNormTileKernels.class, "apply", 0);
    add(GroupNormKernels.class, GroupNormTileKernels.class, "sums", 2048);
    add(GroupNormKernels.class, GroupNormTileKernels.class, "reduce", 2048);
    add(GroupNormKernels.class, GroupNormTileKernels.class, "gradient", 0);
    add(ReduceKernels.class, ReduceTileKernels.class, "sumPixels", 1024);
    add(LossKernels.class, ReduceTileKernels.class, "meanSquaredError", 1024);
    add(VariationalBoundKernels.class, ReduceTileKernels.class, "perImage", 1024);
    add(OptimizerKernels.class, ReduceTileKernels.class, "squares", 1024);
    add(OptimizerKernels.class, ReduceTileKernels.class, "norm", 1024);
  }

  private Tiles() {}

  /** A variant of the same name with the same descriptor. */
  private static void add(Class<?> owner, Class<?> variantOwner, String method, int localBytes) {
    Kernel variant = new Kernel(variantOwner, method);
    LOCAL_BYTES.put(variant, localBytes);
    VARIANTS.put(new Kernel(owner, method), new Variant(variant, UnaryOperator.identity()));
  }

  /** A program whose calls are those of {@link #of(Call)}. */
  public static Program of(Program program) {
    return new Program(
        program.name(),
        program.calls().stream().map(Tiles::of).toList(),
        program.labels(),
        program.inputs(),
        program.outputs());
  }

  /** The call of the variant that does the same, or the call itself if there is none. */
  public static Call of(Call call) {
    Variant variant = VARIANTS.get(call.kernel());
    return variant == null
        ? call
        : new Call(
            variant.kernel,
            variant.descriptor.apply(call.descriptor()),
            call.extent(),
            call.flops(),
            call.bytes());
  }

  /** All variants. */
  public static Set<Kernel> kernels() {
    return LOCAL_BYTES.keySet();
  }

  /** Whether a kernel is such a variant. */
  public static boolean is(Kernel kernel) {
    return LOCAL_BYTES.containsKey(kernel);
  }

  /** Bytes of local memory that a work group of the kernel takes. */
  public static int localBytes(Kernel kernel) {
    return LOCAL_BYTES.getOrDefault(kernel, 0);
  }
}
