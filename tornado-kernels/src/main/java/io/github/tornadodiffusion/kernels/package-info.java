/**
 * Kernels and the engines that run them. A {@link Kernel} is a static method, written once for
 * every device; a {@link Call} is one launch of it on an arena of floats, told by a small array of
 * offsets and sizes, the descriptor; a {@link Program} is a list of calls; an {@link Engine} runs
 * programs on a device.
 *
 * <p>To compute, start at {@link Engines#open} and the operations in {@code kernels.ops}. To write
 * a kernel of your own start at {@link Kernel}, which says what such a method must look like, and
 * look at {@code kernels.ops.activation}, the shortest complete family; {@link Tiles} says the same
 * of kernels for GPUs. What a kernel is judged by is a {@link CallOracle}; {@link Rows} and {@link
 * RowsCall} are the descriptor that most kernels share.
 */
package io.github.tornadodiffusion.kernels;
