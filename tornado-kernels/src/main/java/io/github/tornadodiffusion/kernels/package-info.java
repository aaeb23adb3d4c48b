/**
 * Kernels and the engines that run them. A {@link Kernel} is a static method, written once for
 * every device; a {@link Call} is one launch of it on an arena of floats, with a small array of
 * offsets and sizes, the descriptor; a {@link Program} is a list of calls; an {@link Engine} runs
 * programs on a device.
 *
 * <p>To compute, start at {@link Engines#open} and the operations in {@code kernels.ops}. To write
 * a kernel of your own start at {@link Kernel}, which says what such a method must look like, and
 * look at {@code kernels.ops.activation}, the shortest complete family; {@link Tiles} says the same
 * of kernels for GPUs. A {@link CallOracle} says what a kernel must write; {@link Rows} and {@link
 * RowsCall} are the descriptor that most kernels share.
 *
 * <p>Public API of this module: this package, {@code kernels.check}, and in the packages of {@code
 * kernels.ops} the classes that make calls, such as {@code Activation}, and the oracles that others
 * can use. Classes whose names end in Kernels, {@code kernels.jvm} except for its engine and {@code
 * kernels.tornado} are internal, public or not.
 */
package io.github.tornadodiffusion.kernels;
