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
public record Call(Kernel kernel, int[] descriptor, int extent, double flops, double bytes) {}
