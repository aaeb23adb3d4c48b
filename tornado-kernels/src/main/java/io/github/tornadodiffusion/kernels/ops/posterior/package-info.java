/**
 * A diagonal normal distribution over latents, as an autoencoder predicts it: drawing from it and
 * its divergence from the standard normal one. Start at {@link
 * io.github.tornadodiffusion.kernels.ops.posterior.Posterior}.
 */
package io.github.tornadodiffusion.kernels.ops.posterior;
