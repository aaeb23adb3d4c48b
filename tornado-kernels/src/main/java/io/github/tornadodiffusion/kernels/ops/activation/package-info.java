/**
 * Functions of every element and their gradients: SiLU, mish, GELU, ReLU, and anyone's own. Start
 * at {@link Activation}.
 */
package io.github.tornadodiffusion.kernels.ops.activation;
