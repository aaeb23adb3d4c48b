/**
 * Sampling with a model: from noise, from images, into parts of images, with guidance. Start at
 * {@link io.github.tornadodiffusion.diffusion.sampling.ModelSampler}; {@link
 * io.github.tornadodiffusion.diffusion.sampling.Pipeline} is the loop inside.
 */
package io.github.tornadodiffusion.diffusion.sampling;
