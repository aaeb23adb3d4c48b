/**
 * Convolution, and with it linear layers: forward, input and weight gradients. Start at {@link
 * Conv}.
 */
package io.github.tornadodiffusion.kernels.ops.conv;
