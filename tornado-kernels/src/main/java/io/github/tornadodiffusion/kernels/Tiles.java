package io.github.tornadodiffusion.kernels;

import java.util.function.UnaryOperator;

/**
 * Kernels for work groups that share local memory: how a GPU computes what a {@link Kernel} of
 * lanes leaves to single threads. Such a kernel is a static method {@code void
 * method(KernelContext, FloatArray arena, IntArray descriptor)}. There are as many work groups as
 * suit the device, whatever the shape: they take turns at the tiles. What TornadoVM asks of it:
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

  private Tiles() {}

  /**
   * A kernel for work groups of {@link #THREADS} threads.
   *
   * @param localBytes of local memory that a work group takes
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
   * @param descriptor makes its descriptor of the original one
   */
  public static Variant variant(Kernel kernel, UnaryOperator<int[]> descriptor) {
    return new Variant(Capability.WORK_GROUPS, kernel, descriptor);
  }
}
