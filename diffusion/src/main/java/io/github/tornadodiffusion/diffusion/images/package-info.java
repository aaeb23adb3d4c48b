/**
 * Samples as pictures: grids, PNG files, animations, and how a sample emerges from the noise. Start
 * at {@link io.github.tornadodiffusion.diffusion.images.ImageGrid}.
 */
package io.github.tornadodiffusion.diffusion.images;
