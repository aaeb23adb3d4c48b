/**
 * Functions of every element and their gradients: SiLU, mish, GELU and its approximations, ReLU,
 * and others that callers add; GEGLU. Start at {@link Activation} and {@link Geglu}.
 */
package io.github.tornadodiffusion.kernels.ops.activation;
