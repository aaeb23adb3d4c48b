package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;

/**
 * Another way to compute what a kernel computes, for devices with a certain capability: one other
 * kernel, or several one after the other. A kernel with a variant for all devices needs no method.
 *
 * @param needs what it requires of a device
 * @param kernels what runs there and is declared for it
 * @param serves whether it computes, and should compute, a call
 * @param scratch floats of memory that a call needs besides its own; their content has no meaning
 *     before and after it
 * @param calls makes the calls that do the same
 */
public record Variant(
    Capability needs,
    List<Kernel> kernels,
    Predicate<Call> serves,
    ToIntFunction<Call> scratch,
    Calls calls) {
  /** Makes calls that do the same as another one. */
  @FunctionalInterface
  public interface Calls {
    /**
     * The calls, in order.
     *
     * @param scratch offset of the memory that was asked for
     */
    List<Call> of(Call call, int scratch);
  }

  /**
   * One other kernel, for every shape.
   *
   * @param descriptor makes its descriptor from that of the original kernel
   */
  public Variant(Capability needs, Kernel kernel, UnaryOperator<int[]> descriptor) {
    this(
        needs,
        List.of(kernel),
        call -> true,
        call -> 0,
        (call, scratch) ->
            List.of(
                new Call(
                    kernel,
                    descriptor.apply(call.descriptor()),
                    call.extent(),
                    call.flops(),
                    call.bytes())));
  }

  /** The same for some calls only. */
  public Variant serving(Predicate<Call> some) {
    return new Variant(needs, kernels, serves.and(some), scratch, calls);
  }
}
