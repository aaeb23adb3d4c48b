/** Multi-head attention and its gradients. Start at {@link Attention}. */
package io.github.tornadodiffusion.kernels.ops.attention;
