/**
 * A trained model as a directory that diffusers reads and writes. Start at {@link
 * io.github.tornadodiffusion.diffusion.model.DiffusionModel}.
 */
package io.github.tornadodiffusion.diffusion.model;
