package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.check.CallOracles;

/**
 * Calls that do the same work on other data: one row of a table.
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
    String shape = CallOracles.of(call).shape();
    return new KernelShape(call.kernel().id(), shape, call.extent(), call.flops(), call.bytes());
  }
}
