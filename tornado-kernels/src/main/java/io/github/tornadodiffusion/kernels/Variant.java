package io.github.tornadodiffusion.kernels;

import java.util.function.UnaryOperator;

/**
 * Another kernel that computes the same, for devices that are capable of something.
 *
 * @param needs what it asks of a device
 * @param kernel what runs there
 * @param descriptor makes its descriptor of that of the original kernel
 */
public record Variant(Capability needs, Kernel kernel, UnaryOperator<int[]> descriptor) {
  /** The call that does the same with this variant. */
  public Call of(Call call) {
    return new Call(
        kernel, descriptor.apply(call.descriptor()), call.extent(), call.flops(), call.bytes());
  }
}
