/**
 * The forward process: variances, the types of prediction, and levels of noise. Start at {@link
 * io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule}; one of your own implements
 * {@link io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule}.
 */
package io.github.tornadodiffusion.diffusion.schedulers.noise;
