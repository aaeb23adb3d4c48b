/**
 * The samplers by diffusers' names, one per class, and {@link
 * io.github.tornadodiffusion.diffusion.schedulers.Schedulers}, which makes them from a
 * configuration. Start at {@link io.github.tornadodiffusion.diffusion.schedulers.Scheduler}; one of
 * your own extends {@link
 * io.github.tornadodiffusion.diffusion.schedulers.VariancePreservingScheduler}.
 */
package io.github.tornadodiffusion.diffusion.schedulers;
