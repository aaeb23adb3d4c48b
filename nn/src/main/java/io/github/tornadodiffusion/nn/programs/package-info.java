/**
 * What can be done with any model on a device: {@link
 * io.github.tornadodiffusion.nn.programs.Inference} predicts, {@link
 * io.github.tornadodiffusion.nn.programs.LossGradients} differentiates an {@link
 * io.github.tornadodiffusion.nn.programs.Objective}, {@link
 * io.github.tornadodiffusion.nn.programs.SampleRegisters} keeps a sampler's arrays beside a model,
 * {@link io.github.tornadodiffusion.nn.programs.GradientCheck} checks a backward pass. Start at
 * {@code Inference.record}.
 */
package io.github.tornadodiffusion.nn.programs;
