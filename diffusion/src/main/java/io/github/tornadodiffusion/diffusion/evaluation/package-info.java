/**
 * Measurements of a trained model: distances between sets of images, and how well it denoises
 * images that it was not trained on. All are deterministic in their seed.
 */
package io.github.tornadodiffusion.diffusion.evaluation;
