package io.github.tornadodiffusion.kernels;

import java.util.function.UnaryOperator;

/**
 * Kernels for work groups that share local memory, for GPUs. Such a kernel is a static method
 * {@code void method(KernelContext, FloatArray arena, IntArray descriptor)}. The number of work
 * groups depends on the device and not on the shape, so groups take turns at the tiles. TornadoVM
 * demands:
 *
 * <ul>
 *   <li>Only the method that allocates local memory uses it: an array that is passed to another
 *       method is addressed wrongly.
 *   <li>A barrier does not hold back loads: TornadoVM moves them to where their value is used. So
 *       use what was loaded from local memory before the next barrier, in a store or in a loop
 *       whose length is not a constant.
 *   <li>All threads of a work group meet at every barrier, so bounds are the same for all of them.
 * </ul>
 */
public final class Tiles {
  /** Threads of a work group. */
  public static final int THREADS = 256;

  private Tiles() {}

  /**
   * A kernel for work groups of {@link #THREADS} threads.
   *
   * @param localBytes bytes of local memory that a work group allocates
   */
  public static Kernel kernel(Class<?> owner, String method, int localBytes) {
    return Kernel.of(owner, method).with(new WorkGroup(THREADS, localBytes));
  }

  /** The kernel as a variant that reads the same descriptor. */
  public static Variant variant(Class<?> owner, String method, int localBytes) {
    return variant(kernel(owner, method, localBytes), UnaryOperator.identity());
  }

  /**
   * The kernel as a variant.
   *
   * @param descriptor makes its descriptor from the original one
   */
  public static Variant variant(Kernel kernel, UnaryOperator<int[]> descriptor) {
    return new Variant(Capability.WORK_GROUPS, kernel, descriptor);
  }
}
