/**
 * Neural networks as static programs.
 *
 * <p>A model such as {@link io.github.tornadodiffusion.nn.models.unet.UNet2DModel} is built of
 * modules that declare parameters with diffusers' names. Recording it for one batch shape gives a
 * {@code Graph} of operations; each operation adds its forward and its backward kernel calls to a
 * {@code Steps} on symbolic buffers; {@code MemoryPlan} decides from the life of every buffer where
 * it lies in one arena and builds the program that an engine runs. {@link
 * io.github.tornadodiffusion.nn.models.unet.UNetInference}, {@link
 * io.github.tornadodiffusion.nn.training.UNetGradients} and {@link
 * io.github.tornadodiffusion.nn.training.UNetTraining} do so for prediction, for gradients and for
 * training steps.
 *
 * <p>Tensors are {@code [n, h, w, c]} inside and {@code [n, c, h, w]} at the edges. Files are
 * diffusers': configurations, safetensors, model directories.
 */
package io.github.tornadodiffusion.nn;
