package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.kernels.Call;

/**
 * Identifies calls that do the same work on different data: one row of a table.
 *
 * @param kernel its id, for instance {@code Conv.forward}
 * @param shape in words
 * @param extent iterations of the outermost parallel loop
 * @param flops operations of a call
 * @param bytes least traffic of a call
 */
public record KernelShape(String kernel, String shape, int extent, double flops, double bytes) {
  /** The kernel and sizes of a call. */
  public static KernelShape of(Call call) {
    String shape = call.expect().shape();
    return new KernelShape(call.kernel().id(), shape, call.extent(), call.flops(), call.bytes());
  }
}
