/**
 * Training of any model: {@link io.github.tornadodiffusion.nn.training.Training} makes steps of an
 * objective such as {@link io.github.tornadodiffusion.nn.training.Denoising} with an {@link
 * io.github.tornadodiffusion.nn.training.Optimizer}. The package also has initial values ({@link
 * io.github.tornadodiffusion.nn.training.Initialisation}, or exactly PyTorch's with {@link
 * io.github.tornadodiffusion.nn.training.TorchInitialisation}), learning rates and the decay of
 * averages. Start at {@code Training.record}.
 */
package io.github.tornadodiffusion.nn.training;
