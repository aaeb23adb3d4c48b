/** The same programs and kernels on every device: {@code experiment devices}. */
package io.github.tornadodiffusion.experiments.devices;
