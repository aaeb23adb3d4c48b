/**
 * Group normalisation with an optional scale and shift and an optional SiLU, and its gradients.
 * Start at {@link GroupNorm}.
 */
package io.github.tornadodiffusion.kernels.ops.norm;
