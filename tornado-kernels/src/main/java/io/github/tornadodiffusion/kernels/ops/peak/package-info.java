/** The peak arithmetic rate of a device, for measurements. Start at {@link Peak}. */
package io.github.tornadodiffusion.kernels.ops.peak;
