/**
 * Diffusion models: schedulers, sampling, training, data and evaluation. Each package uses only
 * those named before it.
 *
 * <ul>
 *   <li>{@code images}, {@code random}: pictures of samples; where noise comes from
 *   <li>{@code data}: data sets, and the files that they are read from
 *   <li>{@code schedulers}: the forward process and the samplers
 *   <li>{@code model}: a model's directory
 *   <li>{@code sampling}, {@code training}: images from a model, and a model from images
 *   <li>{@code evaluation}: how good a model is
 * </ul>
 *
 * <p>Public API of this module: all public types but those of {@code data.decoding}, {@code
 * data.formats} and {@code data.butterflies}, which {@code data.sources} opens. Start at {@link
 * io.github.tornadodiffusion.diffusion.sampling.ModelSampler} to draw, and at {@link
 * io.github.tornadodiffusion.diffusion.training.Trainer} to train.
 */
package io.github.tornadodiffusion.diffusion;
