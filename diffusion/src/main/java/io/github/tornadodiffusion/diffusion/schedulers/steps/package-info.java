/**
 * The parts of a scheduler: calls of the model, and what is done with a sampler's registers after
 * each. Start at {@link io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall} and {@link
 * io.github.tornadodiffusion.diffusion.schedulers.steps.Update}.
 */
package io.github.tornadodiffusion.diffusion.schedulers.steps;
