/**
 * The same programs and kernels on every device: {@code experiment devices}. Start at {@link
 * io.github.tornadodiffusion.experiments.devices.DevicesExperiment}.
 */
package io.github.tornadodiffusion.experiments.devices;
