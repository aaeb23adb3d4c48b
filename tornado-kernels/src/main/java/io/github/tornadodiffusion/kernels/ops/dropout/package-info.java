/** Dropout, whose random words depend on the element alone. Start at {@link Dropout}. */
package io.github.tornadodiffusion.kernels.ops.dropout;
