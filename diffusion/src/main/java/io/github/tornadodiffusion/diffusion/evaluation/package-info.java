/**
 * Measurements of a trained model: distances between sets of images, and how well it denoises
 * images that it was not trained on. All of them are functions of their seed. Start at {@link
 * io.github.tornadodiffusion.diffusion.evaluation.EvaluatedModel}.
 */
package io.github.tornadodiffusion.diffusion.evaluation;
