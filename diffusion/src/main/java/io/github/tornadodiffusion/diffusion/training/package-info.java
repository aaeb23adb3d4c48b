/**
 * Training: configurations and presets, the random draws of a run, checkpoints. Start at {@link
 * io.github.tornadodiffusion.diffusion.training.TrainingConfig} and {@link
 * io.github.tornadodiffusion.diffusion.training.Trainer}.
 */
package io.github.tornadodiffusion.diffusion.training;
