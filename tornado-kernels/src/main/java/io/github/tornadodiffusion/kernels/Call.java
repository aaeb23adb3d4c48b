package io.github.tornadodiffusion.kernels;

/**
 * One launch of a kernel.
 *
 * @param kernel what to run
 * @param descriptor offsets into the arena and dimensions, in the order that the kernel reads them
 * @param extent iterations of the kernel's outermost parallel loop: what can be split over workers
 * @param flops floating-point operations of the launch (multiply-add counts two), 0 if it is bound
 *     by memory
 * @param bytes bytes that the launch must at least read and write
 */
public record Call(Kernel kernel, int[] descriptor, int extent, double flops, double bytes) {
  /**
   * What the call must write, according to its kernel's oracle.
   *
   * @throws IllegalStateException if the kernel has no oracle: then no figure may be printed
   */
  public CallOracle.Expectation expect() {
    return kernel
        .oracle()
        .orElseThrow(() ->
            new IllegalStateException(
                "the kernel %s has no oracle; no figures are printed".formatted(kernel.id())))
        .expect(this);
  }
}
