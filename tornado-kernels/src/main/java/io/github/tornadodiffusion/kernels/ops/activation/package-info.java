/**
 * Functions of every element and their gradients: SiLU, mish, GELU, ReLU, and others that callers
 * add. Start at {@link Activation}.
 */
package io.github.tornadodiffusion.kernels.ops.activation;
