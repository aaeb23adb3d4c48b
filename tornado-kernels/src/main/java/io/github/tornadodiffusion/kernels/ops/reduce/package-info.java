/** Sums over pixels and over rows. Start at {@link Reduce}. */
package io.github.tornadodiffusion.kernels.ops.reduce;
