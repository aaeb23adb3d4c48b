/**
 * diffusers' AutoencoderKL: images to latents of a fraction of their size and back. {@link
 * io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig} is its configuration; start
 * at {@link io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKL}.
 */
package io.github.tornadodiffusion.nn.models.autoencoder;
