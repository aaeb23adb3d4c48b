/**
 * Classes of others by name: noise schedules, schedulers and whatever else one class can be. Start
 * at {@link io.github.tornadodiffusion.nn.plugins.Plugins}.
 */
package io.github.tornadodiffusion.nn.plugins;
