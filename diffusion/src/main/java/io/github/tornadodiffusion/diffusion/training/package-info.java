/**
 * Training: configurations and presets, what is random in a run, checkpoints. Start at {@link
 * io.github.tornadodiffusion.diffusion.training.TrainingConfig} and {@link
 * io.github.tornadodiffusion.diffusion.training.Trainer}.
 */
package io.github.tornadodiffusion.diffusion.training;
