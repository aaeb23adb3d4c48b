/**
 * Loads other people's classes by name: noise schedules, schedulers and anything else that a single
 * class can be. Start at {@link io.github.tornadodiffusion.nn.plugins.Plugins}.
 */
package io.github.tornadodiffusion.nn.plugins;
