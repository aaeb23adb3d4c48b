/**
 * Samples as pictures: grids, PNG files, animations and the way of a sample out of the noise. Start
 * at {@link io.github.tornadodiffusion.diffusion.images.ImageGrid}.
 */
package io.github.tornadodiffusion.diffusion.images;
