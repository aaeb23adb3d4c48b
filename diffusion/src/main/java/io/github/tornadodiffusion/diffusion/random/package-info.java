/**
 * The noise of sampling, by counters or as PyTorch draws it. Start at {@link
 * io.github.tornadodiffusion.diffusion.random.Rng}.
 */
package io.github.tornadodiffusion.diffusion.random;
