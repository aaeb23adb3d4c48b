package io.github.tornadodiffusion.kernels;

import java.util.function.UnaryOperator;

/**
 * Another kernel that computes the same, for devices with a certain capability.
 *
 * @param needs what it requires of a device
 * @param kernel what runs there
 * @param descriptor makes its descriptor from that of the original kernel
 */
public record Variant(Capability needs, Kernel kernel, UnaryOperator<int[]> descriptor) {
  /** The call that does the same with this variant. */
  public Call of(Call call) {
    return new Call(
        kernel, descriptor.apply(call.descriptor()), call.extent(), call.flops(), call.bytes());
  }
}
