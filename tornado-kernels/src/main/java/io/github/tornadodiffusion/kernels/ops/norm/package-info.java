/**
 * Group normalisation with an optional scale and shift and an optional SiLU, layer normalisation,
 * and their gradients. Start at {@link GroupNorm} and {@link LayerNorm}.
 */
package io.github.tornadodiffusion.kernels.ops.norm;
