/**
 * Operations that touch every element once: copies, sums, scaling, softmax over channels,
 * concatenation and slices. Start at {@link Elementwise}.
 */
package io.github.tornadodiffusion.kernels.ops.elementwise;
