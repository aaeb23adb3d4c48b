/**
 * Changes of resolution and their gradients: nearest neighbour, pooling, filters, dilation. Start
 * at {@link Resample}.
 */
package io.github.tornadodiffusion.kernels.ops.resample;
