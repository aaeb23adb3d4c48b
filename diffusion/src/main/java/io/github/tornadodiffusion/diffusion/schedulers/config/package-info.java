/**
 * What the keys of scheduler_config.json mean. Start at {@link
 * io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig}.
 */
package io.github.tornadodiffusion.diffusion.schedulers.config;
